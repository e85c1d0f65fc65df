import Importing
import OCI
import Store
import Synchronization

/// What was asked for in vain lately, and is not asked for again at once (spec/registry.md 4.12).
///
/// A class because all requests share it. Bounded: what is forgotten is asked for once more.
final class UpstreamHealth: Sendable {
    /// A blob that a namespace was told is not there.
    struct Missing: Hashable, Sendable {
        var namespace: String
        var source: UpstreamSource
        var digest: Digest
    }

    private struct Refusal {
        var failure: UpstreamSession.Failure
        var until: ContinuousClock.Instant
        /// Until when nobody is to ask after the next failure in a row.
        var pause: Duration
    }

    private struct Host: Hashable {
        var name: String
        var isInsecure: Bool
    }

    private struct State {
        var hosts: BoundedCache<Host, Refusal> = .init(maximumBytes: 1 << 20)
        var missing: BoundedCache<Missing, Refusal> = .init(maximumBytes: 4 << 20)
    }

    static let firstPause: Duration = .seconds(5)
    static let longestPause: Duration = .seconds(60)
    static let missingPause: Duration = .seconds(10)

    private let state = Mutex(State())
    private let now: @Sendable () -> ContinuousClock.Instant

    init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

    /// Asks, unless nobody answered there a moment ago. That somebody did not wait for the answer says nothing of the host.
    func asking<Value: Sendable>(
        _ source: UpstreamSource, _ operation: () async throws(UpstreamSession.Failure) -> Value
    ) async throws(UpstreamSession.Failure) -> Value {
        let host = Host(name: source.repository.host, isInsecure: source.isInsecure)
        if let known = state.withLock({ $0.hosts.value(for: host) }), known.until > now() { throw known.failure }
        do {
            let value = try await operation()
            answered(host)
            return value
        } catch {
            if !Task.isCancelled { if error.isUnreachable { fail(host, error) } else { answered(host) } }
            throw error
        }
    }

    /// The same for a blob, which need not be there.
    func asking<Value: Sendable>(
        for blob: Missing, _ operation: () async throws(UpstreamSession.Failure) -> Value
    ) async throws(UpstreamSession.Failure) -> Value {
        if let known = state.withLock({ $0.missing.value(for: blob) }), known.until > now() { throw known.failure }
        do { return try await asking(blob.source, operation) } catch {
            if error.status == 404 {
                let refusal = Refusal(failure: error, until: now() + Self.missingPause, pause: Self.missingPause)
                _ = state.withLock { $0.missing.set(blob, refusal, bytes: 500) }
            }
            throw error
        }
    }

    private func fail(_ host: Host, _ failure: UpstreamSession.Failure) {
        state.withLock { state in
            let pause = state.hosts.value(for: host)?.pause ?? Self.firstPause
            let refusal = Refusal(
                failure: failure, until: now() + pause, pause: min(pause * 2, Self.longestPause))
            _ = state.hosts.set(host, refusal, bytes: 500)
        }
    }

    private func answered(_ host: Host) {
        state.withLock { state in
            guard let known = state.hosts.value(for: host), known.pause > Self.firstPause || known.until > now()
            else { return }
            let refusal = Refusal(failure: known.failure, until: now(), pause: Self.firstPause)
            _ = state.hosts.set(host, refusal, bytes: 500)
        }
    }
}
