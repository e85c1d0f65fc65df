import Crypto
import Foundation

/// A key that values are encrypted with at rest: 256 bits for AES-GCM.
public struct EncryptionKey: Sendable {
    static let bytes = 32

    /// Tells keys apart and tells nothing of the key itself.
    public let id: EncryptionKeyID
    let key: SymmetricKey

    /// A random key.
    public init() { self.init(SymmetricKey(size: .bits256)) }

    /// Reads the base64 form.
    /// - Returns: nil where the text is not that of 32 bytes.
    init?(base64: some StringProtocol) {
        guard let bytes = Data(base64Encoded: String(base64)), bytes.count == Self.bytes else { return nil }
        self.init(SymmetricKey(data: bytes))
    }

    private init(_ key: SymmetricKey) {
        self.key = key
        var hash = SHA256()
        hash.update(data: Data("weir encryption key id".utf8))
        key.withUnsafeBytes { hash.update(bufferPointer: $0) }
        id = EncryptionKeyID(bytes: Array(hash.finalize().prefix(EncryptionKeyID.count)))
    }

    var base64: String { key.withUnsafeBytes { Data($0).base64EncodedString() } }
}

/// The name of a key, which follows from it.
public struct EncryptionKeyID: Hashable, Sendable, CustomStringConvertible {
    static let count = 8
    let bytes: [UInt8]

    public var description: String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
