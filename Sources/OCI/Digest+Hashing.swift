import Crypto

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Digest {
    /// The digest of `bytes`.
    public static func compute(_ algorithm: Algorithm, of bytes: some DataProtocol) -> Digest {
        var hasher = DigestHasher(algorithm)
        hasher.update(bytes)
        return hasher.finalize()
    }

    /// The SHA-256 digest of `bytes`, by which images and blobs are named.
    public static func sha256(of bytes: some DataProtocol) -> Digest { compute(.sha256, of: bytes) }

    /// Whether `bytes` hash to this digest, in its own algorithm.
    public func matches(_ bytes: some DataProtocol) -> Bool { Digest.compute(algorithm, of: bytes) == self }
}

/// Computes a digest of bytes that arrive piece by piece.
public struct DigestHasher: Sendable {
    private enum State: Sendable {
        case sha256(SHA256), sha384(SHA384), sha512(SHA512)
    }

    private var state: State

    public init(_ algorithm: Digest.Algorithm = .sha256) {
        switch algorithm {
        case .sha256: state = .sha256(SHA256())
        case .sha384: state = .sha384(SHA384())
        case .sha512: state = .sha512(SHA512())
        }
    }

    public mutating func update(_ bytes: some DataProtocol) {
        switch state {
        case .sha256(var hash):
            hash.update(data: bytes)
            state = .sha256(hash)
        case .sha384(var hash):
            hash.update(data: bytes)
            state = .sha384(hash)
        case .sha512(var hash):
            hash.update(data: bytes)
            state = .sha512(hash)
        }
    }

    /// The digest of everything so far; the hasher may go on.
    public func finalize() -> Digest {
        switch state {
        case .sha256(let hash): Digest(DigestBits(hash.finalize()))
        case .sha384(let hash): Digest(.sha384, uncheckedHex: ASCII.hex(hash.finalize()))
        case .sha512(let hash): Digest(.sha512, uncheckedHex: ASCII.hex(hash.finalize()))
        }
    }
}
