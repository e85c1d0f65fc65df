/// What a stream is to become by the rules, told as briefly as possible (spec/image-resources.md 9.3–9.8, 12, 16, 17.5;
/// spec/import-and-controllers.md A.23, A.24).
struct StreamModel: Equatable {
    struct Event: Equatable {
        var reference: String
        var image: String
        var generation: Int64

        func isSame(_ other: Event?) -> Bool { reference == other?.reference && image == other?.image }
    }

    /// Why an import failed.
    struct Condition: Equatable {
        var reason: String
        var message: String
        var generation: Int64
    }

    struct Status: Equatable {
        /// Newest first.
        var events: [Event] = []
        var condition: Condition?
    }

    enum Source: Equatable {
        case image(String)
        case tag(String)
    }

    struct Tag: Equatable {
        var source: Source
        var isReference = false
        var isScheduled = false
        /// `Source` or `Local`.
        var policy = "Source"
        var generation: Int64 = 0

        var followed: String? { if case .tag(let tag) = source { tag } else { nil } }
    }

    /// What one import found for one tag.
    struct Import {
        enum Result {
            case image(reference: String, name: String)
            case failure(reason: String, message: String)
        }

        var tag: String
        /// What the spec tag is to say it follows.
        var from: String
        var isScheduled: Bool
        var policy: String
        var isOfRepository: Bool
        var result: Result
    }

    var generation: Int64 = 1
    /// Whether an import has left its time on the stream.
    var isChecked = false
    var spec: [String: Tag] = [:]
    var status: [String: Status] = [:]
    /// Newest event before and after, by tag: what the full history has to tell.
    var history: [String: [[Event?]]] = [:]

    var images: Set<String> { Set(status.values.flatMap(\.events).map(\.image).filter { !$0.isEmpty }) }

    func head(of tag: String) -> Event? { status[tag]?.events.first }

    // MARK: Operations

    mutating func push(_ image: String, to tag: String) {
        let old = self
        let event = Event(
            reference: "registry.example.com/team/app@\(image)", image: image, generation: generation)
        if add(event, to: tag) {
            for follower in followers(of: tag) { _ = add(event, to: follower) }
        }
        note(since: old)
    }

    /// A write of the spec of one tag. Nobody asks a registry for a reference, or for another tag.
    mutating func set(_ tag: String, to source: Source, isReference: Bool) {
        let old = self
        var wanted = spec[tag] ?? Tag(source: source)
        wanted.source = source
        wanted.isReference = isReference
        wanted.isScheduled = false
        spec[tag] = wanted
        settle(since: old)
    }

    mutating func delete(_ tag: String) {
        let old = self
        spec[tag] = nil
        status[tag] = nil
        settle(since: old)
    }

    /// The wish that a tag be imported, or resolved, once more: all it does is to move its generation.
    mutating func renew(_ tag: String) {
        let old = self
        spec[tag]?.generation = 0
        settle(since: old)
    }

    /// One import, its results in their order: first those of the repository.
    /// - Returns: whether it is stored. A tag that follows another cannot be scheduled, and it goes on following where
    ///   an import finds the image that it has.
    mutating func record(_ imports: [Import]) -> Bool {
        let old = self
        for one in imports {
            switch one.result {
            case .failure(let reason, let message):
                fail(one, Condition(reason: reason, message: message, generation: old.generation + 1))
            case .image(let reference, let name):
                succeed(one, Event(reference: reference, image: name, generation: old.generation + 1))
            }
        }
        guard spec.values.allSatisfy({ !$0.isScheduled || $0.followed == nil }) else {
            self = old
            return false
        }
        if self == old && isChecked { return true }
        isChecked = true
        settle(since: old)
        return true
    }

    private mutating func fail(_ one: Import, _ condition: Condition) {
        let known = status[one.tag]?.condition
        if known?.reason != condition.reason || known?.message != condition.message {
            status[one.tag, default: Status()].condition = condition
            spec[one.tag]?.generation = 0
        }
        // A tag of a repository that cannot be had is not wanted; an image that was asked for is.
        if !one.isOfRepository && spec[one.tag] == nil { wish(one) }
    }

    private mutating func succeed(_ one: Import, _ event: Event) {
        let head = head(of: one.tag)
        if !event.isSame(head) || (spec[one.tag]?.generation ?? .max) > head?.generation ?? 0 {
            wish(one)
            _ = add(event, to: one.tag)
        }
        spec[one.tag]?.isScheduled = one.isScheduled
        status[one.tag]?.condition = nil
    }

    private mutating func wish(_ one: Import) {
        var wanted = spec[one.tag] ?? Tag(source: .image(one.from), policy: one.policy)
        wanted.source = .image(one.from)
        wanted.isScheduled = one.isScheduled
        wanted.generation = 0
        spec[one.tag] = wanted
    }

    // MARK: What every write does

    /// Moves generations, answers sources that no registry has to be asked for, and passes new events on.
    private mutating func settle(since old: StreamModel) {
        if spec != old.spec { generation += 1 }
        let changed = spec.keys.sorted().filter { tag in
            spec[tag]?.source != old.spec[tag]?.source || spec[tag]?.isReference != old.spec[tag]?.isReference
        }
        for tag in spec.keys where changed.contains(tag) || spec[tag]?.generation == 0 {
            spec[tag]?.generation = generation
        }
        for tag in changed { resolve(tag) }
        passOn(since: old)
        note(since: old)
    }

    private mutating func resolve(_ tag: String) {
        guard let wanted = spec[tag] else { return }
        switch wanted.source {
        case .image(let reference):
            guard wanted.isReference else { return }
            _ = add(Event(reference: reference, image: "", generation: generation), to: tag)
        case .tag(let other):
            guard var event = head(of: other) else { return }
            // Both tags share the event, and so its new generation.
            event.generation = generation
            status[other]?.events[0] = event
            _ = add(event, to: tag)
        }
    }

    private mutating func passOn(since old: StreamModel) {
        var changed = status.keys.sorted().filter { head(of: $0) != old.head(of: $0) }
        var visited = Set(changed)
        while !changed.isEmpty {
            let next = changed.removeFirst()
            guard let event = head(of: next) else { continue }
            changed += followers(of: next).filter { add(event, to: $0) && visited.insert($0).inserted }
        }
    }

    private func followers(of tag: String) -> [String] {
        spec.filter { $0.value.followed == tag }.keys.sorted()
    }

    /// - Returns: whether anything changed.
    private mutating func add(_ event: Event, to tag: String) -> Bool {
        var events = status[tag]?.events ?? []
        if let head = events.first, head == event { return false }
        if let head = events.first, head.reference == event.reference || head.image == event.image {
            events[0] = event
        } else {
            events.insert(event, at: 0)
        }
        status[tag] = Status(events: events)
        return true
    }

    /// Notes the heads that differ from `old`.
    private mutating func note(since old: StreamModel) {
        for tag in Set(status.keys).union(old.status.keys) {
            let (before, after) = (old.head(of: tag), head(of: tag))
            let isSame = before.map { $0.isSame(after) } ?? (after == nil)
            if !isSame { history[tag, default: []].append([before, after]) }
        }
    }
}
