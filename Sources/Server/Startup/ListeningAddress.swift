import Synchronization

/// Where the API listens: known for sure only when it does, because the system may choose the port.
final class ListeningAddress: Sendable {
    private let address: Mutex<WeirConfiguration.Address>

    init(_ configured: WeirConfiguration.Address) { address = Mutex(configured) }

    var value: WeirConfiguration.Address {
        get { address.withLock { $0 } }
        set { address.withLock { $0 = newValue } }
    }
}
