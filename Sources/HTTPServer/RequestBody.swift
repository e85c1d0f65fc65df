import APIServer
import NIOCore
import Synchronization

/// The body of one request on its way from the connection to whoever wants it: bounded, because the connection is not
/// read while enough of it waits here.
final class RequestBody: Sendable {
    private struct State {
        var chunks: [ByteBuffer] = []
        var bytes = 0
        var isComplete = false
        var isBroken = false
        var waiter: CheckedContinuation<ByteBuffer?, any Error>?
    }

    private let state = Mutex(State())
    private let capacity: Int
    /// Called when somebody waits for more.
    private let onDemand: @Sendable () -> Void

    init(capacity: Int, onDemand: @escaping @Sendable () -> Void) {
        self.capacity = capacity
        self.onDemand = onDemand
    }

    /// Whether the connection should be read on.
    var hasRoom: Bool { state.withLock { $0.bytes < capacity } }

    func receive(_ chunk: ByteBuffer) {
        let waiter = state.withLock { state in
            guard let waiter = state.waiter.take() else {
                state.chunks.append(chunk)
                state.bytes += chunk.readableBytes
                return CheckedContinuation<ByteBuffer?, any Error>?.none
            }
            return waiter
        }
        waiter?.resume(returning: chunk)
    }

    /// All of the body has come.
    func complete() {
        let waiter = state.withLock { state in
            state.isComplete = true
            return state.waiter.take()
        }
        waiter?.resume(returning: nil)
    }

    /// The client is gone, or nobody wants the rest.
    func abandon() {
        let waiter = state.withLock { state in
            state.isBroken = !state.isComplete
            return state.waiter.take()
        }
        waiter?.resume(throwing: BodyReader.Failure.incomplete)
    }

    /// The next piece; nil at the end.
    /// - Throws: `BodyReader.Failure.incomplete` where there will be none, or the task is cancelled.
    func next() async throws -> ByteBuffer? {
        if let result = state.withLock({ Self.take(from: &$0) }) {
            onDemand()
            return try result.get()
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state in
                    let result = Task.isCancelled ? .failure(.incomplete) : Self.take(from: &state)
                    if result == nil { state.waiter = continuation }
                    return result
                }
                if let result { continuation.resume(with: result) } else { onDemand() }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiter.take() }
            waiter?.resume(throwing: BodyReader.Failure.incomplete)
        }
    }

    /// What is there to be had at once; nil where somebody must wait.
    private static func take(from state: inout State) -> Result<ByteBuffer?, BodyReader.Failure>? {
        if !state.chunks.isEmpty {
            let chunk = state.chunks.removeFirst()
            state.bytes -= chunk.readableBytes
            return .success(chunk)
        }
        if state.isComplete { return .success(nil) }
        return state.isBroken ? .failure(.incomplete) : nil
    }

    /// Lends the next piece to `consume`.
    /// - Returns: false at the end.
    /// - Throws: `BodyReader.Failure.incomplete`, and what `consume` throws.
    func next(_ consume: (UnsafeRawBufferPointer) throws -> Void) async throws -> Bool {
        guard let chunk = try await next() else { return false }
        try chunk.withUnsafeReadableBytes(consume)
        return true
    }

    /// All of it.
    /// - Throws: `BodyReader.Failure`.
    func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try await next() {
            guard bytes.count + chunk.readableBytes <= limit else { throw BodyReader.Failure.tooLarge }
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        return bytes
    }
}
