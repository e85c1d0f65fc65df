public import AsyncHTTPClient
import Synchronization

/// Connections that go to an address which was looked at, whatever the name of the host means a moment later.
///
/// A class because it owns the connections, which `shutdown` must close.
public final class PinnedClients: Sendable {
    private struct Place: Hashable {
        var host: String
        var address: String
    }

    fileprivate final class Entry: Sendable {
        let client: HTTPClient
        let use = Mutex((holders: 0, last: ContinuousClock.Instant.now))

        init(_ client: HTTPClient) { self.client = client }
    }

    /// A client that is not closed to make room for others while somebody holds this.
    public final class Lease: Sendable {
        public var client: HTTPClient { entry.client }
        private let entry: Entry

        fileprivate init(_ entry: Entry) {
            self.entry = entry
            entry.use.withLock { $0 = ($0.holders + 1, .now) }
        }

        deinit { entry.use.withLock { $0.holders -= 1 } }
    }

    private struct State {
        var entries: [Place: Entry] = [:]
        var isClosed = false
    }

    private let capacity: Int
    private let configuration: HTTPClient.Configuration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - capacity: clients that are kept; more only while all are held.
    ///   - configuration: of each client.
    public init(capacity: Int = 128, _ configuration: HTTPClient.Configuration) {
        self.capacity = capacity
        self.configuration = configuration
    }

    /// - Parameter address: one of the host's.
    public func lease(host: String, address: HostAddress) async -> Lease {
        let place = Place(host: host, address: address.text)
        let (lease, old) = state.withLock { state -> (Lease, HTTPClient?) in
            if let known = state.entries[place] { return (Lease(known), nil) }
            var configuration = configuration
            configuration.dnsOverride = [host: address.text]
            let fresh = Entry(HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration))
            // Its requests fail.
            if state.isClosed { return (Lease(fresh), fresh.client) }
            let old = state.entries.count < capacity ? nil : Self.takeIdle(from: &state)
            state.entries[place] = fresh
            return (Lease(fresh), old)
        }
        try? await old?.shutdown()
        return lease
    }

    /// The client that nobody has wanted for the longest time, of those that nobody holds.
    private static func takeIdle(from state: inout State) -> HTTPClient? {
        let idle = state.entries.compactMap { place, entry -> (place: Place, last: ContinuousClock.Instant)? in
            let use = entry.use.withLock { $0 }
            return use.holders == 0 ? (place, use.last) : nil
        }
        return idle.min { $0.last < $1.last }.flatMap { state.entries.removeValue(forKey: $0.place)?.client }
    }

    public func shutdown() async {
        let all = state.withLock { state in
            defer { state.entries = [:] }
            state.isClosed = true
            return state.entries.values.map(\.client)
        }
        for client in all { try? await client.shutdown() }
    }
}
