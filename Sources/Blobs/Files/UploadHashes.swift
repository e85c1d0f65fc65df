import OCI

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The hashes of an upload's bytes so far: the canonical one, and the one that its client named at the beginning.
struct UploadHashes: Sendable {
    private var canonical = DigestHasher(.sha256)
    private var other: DigestHasher?
    private let algorithm: Digest.Algorithm

    init(_ algorithm: Digest.Algorithm) {
        self.algorithm = algorithm
        if algorithm != .sha256 { other = DigestHasher(algorithm) }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        canonical.update(bytes)
        other?.update(bytes)
    }

    var digest: Digest { canonical.finalize() }

    /// The digest in another algorithm; nil where it was not computed.
    func digest(_ algorithm: Digest.Algorithm) -> Digest? {
        if algorithm == .sha256 { return digest }
        return algorithm == self.algorithm ? other?.finalize() : nil
    }

    /// Hashes the beginning of a file, with little memory.
    /// - Returns: how many bytes there were.
    @discardableResult
    mutating func update(with file: BlobFile, upTo size: Int64) throws(BlobError) -> Int64 {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.readSize, alignment: 16)
        defer { memory.deallocate() }
        var done: Int64 = 0
        while done < size {
            let wanted = Int(min(size - done, Int64(Self.readSize)))
            let count = try Disk.read(
                into: UnsafeMutableRawBufferPointer(rebasing: memory[..<wanted]), from: file, at: done)
            if count == 0 { break }
            update(UnsafeRawBufferPointer(rebasing: memory[..<count]))
            done += Int64(count)
        }
        return done
    }

    private static let readSize = 256 * 1024
}
