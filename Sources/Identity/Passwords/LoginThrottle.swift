import Crypto
import Synchronization

/// Slows down those who try passwords: so many wrong ones for a user, or from an address, and further attempts are
/// refused for a while without being looked at.
///
/// An attempt counts from its beginning, so that many at a time get no further than one after another. What is remembered
/// is bounded; who is forgotten first has been quiet for longest.
final class LoginThrottle: Sendable {
    struct Limits: Sendable {
        /// Failed attempts on one user within the window, from wherever.
        var perUser = 10
        /// Failed attempts from one address within the window, on whichever users.
        var perSource = 50
        /// How long a failed attempt counts.
        var window: Duration = .seconds(300)
        /// Users and addresses that are remembered.
        var maximumEntries = 10_000
    }

    /// Too many attempts failed.
    struct Refused: Error {
        /// Seconds until the next attempt is looked at.
        var retryAfter: Int
    }

    private enum Subject: Hashable {
        /// By digest: names may be of any length, and need not be kept.
        case user([UInt8])
        case source(String)
    }

    private struct Failures {
        var times: [ContinuousClock.Instant] = []
    }

    private let limits: Limits
    private let clock: @Sendable () -> ContinuousClock.Instant
    private let failures = Mutex<[Subject: Failures]>([:])

    init(limits: Limits = Limits(), clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.limits = limits
        self.clock = clock
    }

    /// Runs an attempt, unless too many have failed.
    /// - Throws: `Refused`, and what `attempt` throws; then the attempt does not count.
    func attempt(user: String, source: String, _ attempt: () async throws -> Bool) async throws -> Bool {
        let subjects: [(Subject, Int)] = [
            (.user(Array(SHA256.hash(data: Array(user.utf8)))), limits.perUser), (.source(source), limits.perSource),
        ]
        let now = clock()
        try failures.withLock { failures in
            for (subject, limit) in subjects {
                let recent = failures[subject]?.times.filter { $0 + limits.window > now } ?? []
                if recent.count >= limit, let first = recent.first {
                    let rest = now.duration(to: first + limits.window)
                    throw Refused(retryAfter: Int(max(1, rest.components.seconds)))
                }
            }
            makeRoom(in: &failures, now: now)
            for (subject, _) in subjects {
                failures[subject, default: Failures()].times.removeAll { $0 + limits.window <= now }
                failures[subject, default: Failures()].times.append(now)
            }
        }
        let succeeded: Bool
        do { succeeded = try await attempt() } catch {
            forget(subjects.map(\.0), at: now)
            throw error
        }
        if succeeded { forget(subjects.map(\.0), at: now) }
        return succeeded
    }

    /// Takes an attempt back.
    private func forget(_ subjects: [Subject], at time: ContinuousClock.Instant) {
        failures.withLock { failures in
            for subject in subjects {
                guard var entry = failures[subject], let index = entry.times.firstIndex(of: time) else { continue }
                entry.times.remove(at: index)
                failures[subject] = entry.times.isEmpty ? nil : entry
            }
        }
    }

    private func makeRoom(in failures: inout [Subject: Failures], now: ContinuousClock.Instant) {
        guard failures.count + 2 > limits.maximumEntries else { return }
        failures = failures.filter { entry in (entry.value.times.last.map { $0 + limits.window > now }) ?? false }
        guard failures.count + 2 > limits.maximumEntries else { return }
        // A tenth at a time: looking for the oldest one each time would make a flood expensive.
        let oldest = failures.sorted { ($0.value.times.last ?? now) < ($1.value.times.last ?? now) }
        for (subject, _) in oldest.prefix(max(2, limits.maximumEntries / 10)) { failures[subject] = nil }
    }

    /// Users and addresses that are remembered now.
    var count: Int { failures.withLock { $0.count } }
}
