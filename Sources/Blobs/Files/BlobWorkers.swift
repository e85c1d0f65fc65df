import NIOPosix
import Synchronization

/// The threads that wait for the disk, so that no event loop does.
final class BlobWorkers: Sendable {
    private let pool: NIOThreadPool
    private let isClosed = Atomic<Bool>(false)

    /// - Parameter count: how many waits for the disk may go on at the same time. The file system commits together what
    ///   waits together.
    init(count: Int) {
        pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
    }

    /// Runs `work` to its end, also where the task that waits for it is cancelled.
    func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws(BlobError) -> Value
    ) async throws(BlobError) -> Value {
        let result: Result<Value, BlobError> = await withCheckedContinuation { continuation in
            pool.submit { state in
                guard case .active = state else {
                    continuation.resume(returning: .failure(.closed))
                    return
                }
                continuation.resume(returning: Result { () throws(BlobError) in try work() })
            }
        }
        return try result.get()
    }

    var isShutDown: Bool { isClosed.load(ordering: .relaxed) }

    func shutdown() async {
        isClosed.store(true, ordering: .relaxed)
        try? await pool.shutdownGracefully()
    }
}
