import ServiceLifecycle
import Synchronization

/// Opens when all listeners listen.
actor ReadyGate {
    private var missing: Int
    private var address: WeirConfiguration.Address?
    private let opened: AsyncStream<WeirConfiguration.Address>
    private let open: AsyncStream<WeirConfiguration.Address>.Continuation

    init(expected: Int) {
        missing = expected
        (opened, open) = AsyncStream.makeStream()
    }

    /// - Parameter api: the address of the API, from the listener that has it.
    func arrived(api: WeirConfiguration.Address?) {
        missing -= 1
        if let api { address = api }
        if missing == 0, let address { open.yield(address) }
    }

    /// For one task: the address of the API; nil where the task is cancelled first, because a listener failed.
    nonisolated func wait() async -> WeirConfiguration.Address? {
        var addresses = opened.makeAsyncIterator()
        return await addresses.next()
    }
}

/// A flag that is set once.
final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}
