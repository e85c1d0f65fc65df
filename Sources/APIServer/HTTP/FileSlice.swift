/// Bytes of an open file. They go out in small pieces, so that the memory this takes does not depend on their number.
public struct FileSlice: Sendable {
    public let descriptor: Int32
    /// Bytes before the slice.
    public let offset: Int64
    /// Bytes of the slice. Where the file turns out to be shorter, the connection is broken off.
    public let length: Int64
    /// Keeps the descriptor open.
    private let owner: any AnyObject & Sendable

    /// - Parameters:
    ///   - descriptor: of a regular file that can be read; nobody moves its position.
    ///   - owner: closes the descriptor when the last reference to it goes.
    public init(descriptor: Int32, owner: any AnyObject & Sendable, offset: Int64 = 0, length: Int64) {
        self.descriptor = descriptor
        self.owner = owner
        self.offset = max(0, offset)
        self.length = max(0, length)
    }

    /// A part of the slice, which ends where the slice does at the latest.
    /// - Parameter range: bytes, counted from the slice's first.
    public func part(_ range: Range<Int64>) -> FileSlice {
        let range = range.clamped(to: 0..<length)
        return FileSlice(
            descriptor: descriptor, owner: owner, offset: offset + range.lowerBound, length: Int64(range.count))
    }
}
