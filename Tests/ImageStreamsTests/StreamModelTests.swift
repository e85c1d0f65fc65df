import APIMachinery
import APIServer
import ImageAPI
import JSON
import StoreTesting
import Testing

@testable import ImageStreams

/// What a stream is to become by the rules, told as briefly as possible (spec/image-resources.md 9.6–9.8, 12, 16).
private struct StreamModel: Equatable {
    struct Event: Equatable {
        var reference: String
        var image: String
        var generation: Int64

        func isSame(_ other: Event?) -> Bool { reference == other?.reference && image == other?.image }
    }

    enum Source: Equatable {
        case image(String)
        case tag(String)
    }

    var generation: Int64 = 1
    var spec: [String: Source] = [:]
    var status: [String: [Event]] = [:]
    /// Newest event before and after, by tag: what the full history has to tell.
    var history: [String: [[Event?]]] = [:]

    var images: Set<String> { Set(status.values.joined().map(\.image).filter { !$0.isEmpty }) }

    private mutating func add(_ event: Event, to tag: String) -> Bool {
        var events = status[tag] ?? []
        if let head = events.first, head == event { return false }
        if let head = events.first, head.reference == event.reference || head.image == event.image {
            events[0] = event
        } else {
            events.insert(event, at: 0)
        }
        status[tag] = events
        return true
    }

    private func followers(of tag: String) -> [String] {
        spec.filter { $0.value == .tag(tag) }.keys.sorted()
    }

    private func isSame(_ left: Event?, _ right: Event?) -> Bool {
        left.map { $0.isSame(right) } ?? (right == nil)
    }

    /// Notes the heads that differ from `old`.
    private mutating func note(since old: StreamModel) {
        for tag in Set(status.keys).union(old.status.keys) where !isSame(status[tag]?.first, old.status[tag]?.first) {
            history[tag, default: []].append([old.status[tag]?.first, status[tag]?.first])
        }
    }

    mutating func push(_ image: String, to tag: String) {
        let old = self
        let event = Event(
            reference: "registry.example.com/team/app@\(image)", image: image, generation: generation)
        if add(event, to: tag) {
            for follower in followers(of: tag) { _ = add(event, to: follower) }
        }
        note(since: old)
    }

    /// A write of the spec of one tag.
    mutating func set(_ tag: String, to source: Source) {
        guard spec[tag] != source else { return }
        let old = self
        spec[tag] = source
        generation += 1
        var changed: [String] = []
        switch source {
        case .image(let reference):
            _ = add(Event(reference: reference, image: "", generation: generation), to: tag)
            changed = [tag]
        case .tag(let other):
            if var event = status[other]?.first {
                event.generation = generation
                status[other]?[0].generation = generation
                _ = add(event, to: tag)
                // The tag that is followed is marked with the new generation, and so passes its event on again.
                changed = [tag, other].sorted()
            }
        }
        var visited = Set(changed)
        while !changed.isEmpty {
            let next = changed.removeFirst()
            guard let event = status[next]?.first else { continue }
            changed += followers(of: next).filter { add(event, to: $0) && visited.insert($0).inserted }
        }
        note(since: old)
    }

    mutating func delete(_ tag: String) {
        let old = self
        if spec.removeValue(forKey: tag) != nil { generation += 1 }
        status[tag] = nil
        note(since: old)
    }
}

@Suite("A stream against its model")
struct StreamModelTests {
    private enum Operation {
        case push(Character, String)
        case refer(String, String)
        case follow(String, String)
        case delete(String)
        case relabel

        static func random(_ generator: inout SeededGenerator) -> Operation {
            func pick<Element>(_ elements: [Element]) -> Element {
                elements[Int.random(in: 0..<elements.count, using: &generator)]
            }
            let tags = ["a", "b", "c", "d"]
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...3: return .push(pick(["1", "2", "3", "4"]), pick(tags))
            case 4...5: return .refer(pick(tags), "quay.io/x/y:\(pick(["1", "2"]))")
            case 6...7: return .follow(pick(tags), pick(tags))
            case 8: return .delete(pick(tags))
            default: return .relabel
            }
        }
    }

    @Test("history, references and tags are what the rules say after every step", arguments: 1...40)
    func random(_ seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        try await World.run { world in
            var stream = ImageStream()
            stream.metadata.name = "app"
            stream.metadata.namespace = "demo"
            try await world.create(stream)
            var model = StreamModel()
            for step in 0..<40 {
                let operation = Operation.random(&generator)
                try await perform(operation, world, &model)
                try await compare(world, model, "seed \(seed), step \(step): \(operation)")
            }
        }
    }

    private func perform(_ operation: Operation, _ world: World, _ model: inout StreamModel) async throws {
        switch operation {
        case .push(let letter, let tag):
            try await world.push(letter, to: tag)
            model.push(digest(letter), to: tag)
        case .refer(let tag, let reference):
            try await put(world, tag) { spec in
                spec.from = from("DockerImage", reference)
                spec.reference = true
            }
            model.set(tag, to: .image(reference))
        case .follow(let tag, let other):
            // A tag cannot follow itself: that is another error with each way of saying it.
            guard tag != other, model.status[other] != nil else { return }
            try await put(world, tag) { spec in
                spec.from = from("ImageStreamTag", other)
                spec.reference = false
            }
            model.set(tag, to: .tag(other))
        case .delete(let tag):
            let error = await failure {
                try await world.tags.delete("app:\(tag)", options: DeleteOptions(), context("imagestreamtags"))
            }
            #expect(error?.code == (model.spec[tag] == nil && model.status[tag] == nil ? 404 : nil))
            model.delete(tag)
        case .relabel:
            try await world.edit { stream in
                stream.metadata.labels["n"] = (stream.metadata.labels["n"] ?? "") == "x" ? "y" : "x"
            }
        }
    }

    private func put(_ world: World, _ tag: String, _ change: (inout TagReference) -> Void) async throws {
        var wanted = try await world.stream().spec.tag(tag) ?? TagReference(name: tag)
        change(&wanted)
        let final = wanted
        try await world.edit { stream in stream.spec.set(final, name: tag) }
    }

    private func compare(_ world: World, _ model: StreamModel, _ place: Comment) async throws {
        let stream = try await world.stream()
        let status = Dictionary(
            uniqueKeysWithValues: stream.status.tags.map { entry in
                (
                    entry.tag,
                    entry.items.map(Self.event)
                )
            })
        try #require(status == model.status, place)
        try #require(Set(stream.spec.tags.map(\.name)) == Set(model.spec.keys), place)
        let referred = try await world.keys(LedgerKeys.imageReferences).compactMap { $0.split(separator: "/").first }
        try #require(Set(referred.map(String.init)) == model.images, place)
        for (tag, changes) in model.history {
            let entries = try await world.resource(TagHistoryResource.self).get(
                "app:\(tag)", options: GetOptions(), context("taghistories")
            ).object().entries
            let told = entries.reversed().map { entry in
                [entry.from, entry.to].map { event in
                    event.map(Self.event)
                }
            }
            try #require(told.count == changes.count, place)
            for (one, other) in zip(told.joined(), changes.joined()) {
                try #require(one.map { $0.isSame(other) } ?? (other == nil), place)
            }
        }
    }

    private static func event(_ event: TagEvent) -> StreamModel.Event {
        StreamModel.Event(
            reference: event.dockerImageReference, image: event.image, generation: event.generation)
    }
}
