import Synchronization

/// The bytes that come with a request; read once: all together by `collect`, or piece by piece by `next`.
public struct BodyReader: Sendable {
    public enum Failure: Error, Sendable {
        /// More bytes than allowed; the rest was not read.
        case tooLarge
        /// The client went away or sent less than it announced.
        case incomplete
    }

    /// Gives all bytes, or throws `Failure.tooLarge` beyond the limit it is called with.
    public typealias Collect = @Sendable (_ limit: Int) async throws -> [UInt8]
    /// Gives the next piece to `consume`; false at the end.
    public typealias Next = @Sendable (_ consume: (UnsafeRawBufferPointer) throws -> Void) async throws -> Bool

    /// Bytes of the body, as the client announced them (`Content-Length`); 0 where there is no body; nil where only its
    /// end will tell.
    public let announcedLength: Int64?
    private let all: Collect
    private let piece: Next

    public init(announcedLength: Int64? = nil, collect: @escaping Collect, next: @escaping Next) {
        self.announcedLength = announcedLength
        all = collect
        piece = next
    }

    /// A body that comes in one piece, however it is read.
    public init(_ read: @escaping Collect) {
        let isRead = Once()
        self.init(collect: read) { consume in
            guard isRead.first() else { return false }
            try await read(.max).withUnsafeBytes(consume)
            return true
        }
    }

    public static let empty = BodyReader(announcedLength: 0, collect: { _ in [] }, next: { _ in false })

    public static func bytes(_ bytes: [UInt8]) -> BodyReader {
        let whole = BodyReader { limit in
            guard bytes.count <= limit else { throw Failure.tooLarge }
            return bytes
        }
        return BodyReader(announcedLength: Int64(bytes.count), collect: whole.all, next: whole.piece)
    }

    /// All bytes, at most `limit`.
    public func collect(upTo limit: Int) async throws -> [UInt8] { try await all(limit) }

    /// Waits for the next piece and lends it to `consume`, without a copy; nothing is read ahead of it but what a
    /// connection buffers, so that a slow consumer slows its client down.
    ///
    /// - Returns: false at the end of the body; then `consume` was not called.
    /// - Throws: `Failure.incomplete` where the client is gone, and what `consume` throws.
    public func next(_ consume: (UnsafeRawBufferPointer) throws -> Void) async throws -> Bool {
        try await piece(consume)
    }
}

/// Says once that it is the first time.
private final class Once: Sendable {
    private let isDone = Atomic<Bool>(false)

    func first() -> Bool { !isDone.exchange(true, ordering: .relaxed) }
}
