import Synchronization

/// How much the registry has to do for its clients, for work that can wait. A class because both share it.
public final class RegistryLoad: Sendable {
    private let begun = Atomic<Int>(0)
    private let ended = Atomic<Int>(0)

    public init() {}

    func begin() { begun.wrappingAdd(1, ordering: .relaxed) }
    func end() { ended.wrappingAdd(1, ordering: .relaxed) }

    /// Requests that came so far.
    var count: Int { begun.load(ordering: .relaxed) }
    /// Requests that are worked on.
    var running: Int { max(0, begun.load(ordering: .relaxed) - ended.load(ordering: .relaxed)) }
}
