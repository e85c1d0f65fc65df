import Synchronization

/// What registries want to be asked for again only after a time (`Retry-After`, RFC 9110 section 10.2.3), for all work of
/// the process that nobody waits for: who looks at a tag knows what the one who imported it was told.
///
/// A class because everything that talks to registries shares it.
final class ClosedPaths: Sendable {
    private struct Closure: Sendable {
        let until: ContinuousClock.Instant
        let answer: RegistryError
    }

    /// URLs that are remembered. Beyond, those that may be asked again are forgotten, and all where that is not enough.
    static let capacity = 10_000
    static let longest: Duration = .seconds(86_400)
    /// Registries choose URLs of further pages, and what they call a status: what is longer is not remembered.
    static let maximumBytes = 2_000

    private let closures = Mutex<[String: Closure]>([:])

    /// Takes in an answer that says that the registry is not well (5xx). A 429 is for all of the registry, see
    /// ``RegistryBudgets``; other errors have documents with them, of any size.
    func observe(_ answer: RegistryError, from url: WebAddress, now: ContinuousClock.Instant = .now) {
        let key = "\(url)"
        guard case .unexpectedStatus(_, let line, let pause?) = answer, pause > .zero,
            key.utf8.count + line.utf8.count <= Self.maximumBytes
        else { return }
        closures.withLock { closures in
            if closures.count >= Self.capacity {
                closures = closures.filter { $0.value.until > now }
                if closures.count >= Self.capacity { closures = [:] }
            }
            closures[key] = Closure(until: now + min(pause, Self.longest), answer: answer)
        }
    }

    /// - Returns: what would be answered still, were the registry as good as its word; nil for what may be asked.
    func answer(from url: WebAddress, now: ContinuousClock.Instant = .now) -> RegistryError? {
        closures.withLock { closures in
            if closures.isEmpty { return nil }
            guard let closure = closures["\(url)"] else { return nil }
            if closure.until > now { return closure.answer }
            closures["\(url)"] = nil
            return nil
        }
    }
}
