/// Bytes on their way from a connection to the disk.
///
/// It belongs to the upload while it is filled and to a worker while it is written, never to both.
final class StagingBuffer: @unchecked Sendable {
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    /// From so many bytes on it is worth writing them.
    static let writeSize = 256 * 1024
    /// Room for one more piece of a connection beyond that.
    private static let largest = writeSize + 64 * 1024
    private static let smallest = 16 * 1024

    init() { memory = .allocate(byteCount: Self.smallest, alignment: 16) }

    deinit { memory.deallocate() }

    var isWorthWriting: Bool { count >= Self.writeSize }
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    func append(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        if memory.count - count < bytes.count { grow(to: count + bytes.count) }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    func clear() { count = 0 }

    /// Small uploads need little; one that goes on will need all of it.
    private func grow(to needed: Int) {
        let size = needed <= 2 * Self.smallest ? 2 * Self.smallest : max(Self.largest, needed)
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        larger.copyMemory(from: bytes)
        memory.deallocate()
        memory = larger
    }
}
