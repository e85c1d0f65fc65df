import APIMachinery
import APIServer
import Store
import Synchronization

/// A watch on the projects one user sees. A project comes when its namespace is made or the user gets rights in it, and
/// goes likewise.
final class ProjectWatch: WatchStream {
    /// How often rights are looked at while nothing happens to namespaces.
    private static let interval: Duration = .seconds(1)

    private struct State {
        /// What the user sees.
        var visible: Set<String> = []
        /// What there is, as it was seen last.
        var present: [String: Namespace] = [:]
        var rights: RoleObjects.Stamp
    }

    private let namespaces: any WatchStream<Namespace>
    private let visibility: ProjectVisibility
    private let user: UserInfo
    private let state: Mutex<State>

    init(_ namespaces: any WatchStream<Namespace>, _ visibility: ProjectVisibility, user: UserInfo, known: [Namespace])
    {
        self.namespaces = namespaces
        self.visibility = visibility
        self.user = user
        var state = State(rights: visibility.rights())
        for namespace in known { state.present[namespace.metadata.name] = namespace }
        self.state = Mutex(state)
    }

    var isEnded: Bool { namespaces.isEnded }
    var resourceVersion: Int64 { namespaces.resourceVersion }

    /// Learns what the user sees without telling: for a watch that begins at a later revision.
    func begin() async throws {
        for name in state.withLock({ Array($0.present.keys) }) where try await visibility.isVisible(name, to: user) {
            state.withLock { _ = $0.visible.insert(name) }
        }
    }

    func initialEvents() async throws -> [WatchEvent<Project>] {
        while case let events = try await namespaces.initialEvents(), !events.isEmpty {
            let shown = try await translate(events)
            if !shown.isEmpty { return shown }
        }
        return []
    }

    func next(deadline: ContinuousClock.Instant) async throws -> [WatchEvent<Project>] {
        while true {
            let soon = min(deadline, .now + Self.interval)
            var shown = try await translate(try await namespaces.next(deadline: soon))
            shown += try await changedRights()
            if !shown.isEmpty || .now >= deadline || isEnded { return shown }
        }
    }

    private func translate(_ events: [WatchEvent<Namespace>]) async throws -> [WatchEvent<Project>] {
        var shown: [WatchEvent<Project>] = []
        for event in events {
            let namespace = try event.object.object()
            let name = namespace.metadata.name
            if event.kind == .deleted {
                let wasVisible = state.withLock { state in
                    state.present[name] = nil
                    return state.visible.remove(name) != nil
                }
                if wasVisible { shown.append(Self.event(.deleted, namespace)) }
                continue
            }
            state.withLock { $0.present[name] = namespace }
            if let event = try await look(at: namespace, isNews: true) { shown.append(event) }
        }
        return shown
    }

    /// What a user sees anew or no more, because rights have changed.
    private func changedRights() async throws -> [WatchEvent<Project>] {
        let rights = visibility.rights()
        let namespaces = state.withLock { state -> [Namespace] in
            if state.rights == rights { return [] }
            state.rights = rights
            return state.present.values.sorted { $0.metadata.name < $1.metadata.name }
        }
        var shown: [WatchEvent<Project>] = []
        for namespace in namespaces {
            if let event = try await look(at: namespace, isNews: false) { shown.append(event) }
        }
        return shown
    }

    private func look(at namespace: Namespace, isNews: Bool) async throws -> WatchEvent<Project>? {
        let name = namespace.metadata.name
        let isVisible = try await visibility.isVisible(name, to: user)
        let wasVisible = state.withLock { state in
            isVisible ? !state.visible.insert(name).inserted : state.visible.remove(name) != nil
        }
        switch (wasVisible, isVisible) {
        case (false, true): return Self.event(.added, namespace)
        case (true, false): return Self.event(.deleted, namespace)
        case (true, true): return isNews ? Self.event(.modified, namespace) : nil
        case (false, false): return nil
        }
    }

    private static func event(_ kind: WatchEvent<Project>.Kind, _ namespace: Namespace) -> WatchEvent<Project> {
        WatchEvent(kind: kind, object: Output(Project(namespace)))
    }
}
