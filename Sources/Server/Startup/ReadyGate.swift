import ServiceLifecycle
import Synchronization

/// Opens when all listeners listen.
actor ReadyGate {
    private var missing: Int
    private var address: WeirConfiguration.Address?
    private var waiters: [CheckedContinuation<WeirConfiguration.Address, Never>] = []

    init(expected: Int) { missing = expected }

    /// - Parameter api: the address of the API, from the listener that has it.
    func arrived(api: WeirConfiguration.Address?) {
        missing -= 1
        if let api { address = api }
        guard missing == 0, let address else { return }
        for waiter in waiters { waiter.resume(returning: address) }
        waiters = []
    }

    func wait() async -> WeirConfiguration.Address {
        if missing == 0, let address { return address }
        return await withCheckedContinuation { waiters.append($0) }
    }
}

/// A flag that is set once.
final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}

/// Sets a flag as soon as shutdown begins: it is the last service and so the first to be stopped.
struct StopSignal: Service {
    let flag: Flag

    func run() async throws {
        await withGracefulShutdownHandler {
            try? await gracefulShutdown()
        } onGracefulShutdown: {
            flag.set()
        }
    }
}
