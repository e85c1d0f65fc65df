import APIMachinery
import APIServer
import ImageAPI
import JSON
import StoreTesting
import Testing

@testable import ImageStreams

/// What registries have: it changes while streams import it.
private struct Upstream {
    static let repositories = ["quay.io/x/y", "mirror.example.com/x/y"]
    static let missingRepository = "gone.example.com/x/y"
    /// What all repositories list, whether or not it can be had.
    static let tags = ["a", "b", "c"]
    static let contents: [Content] = [.image("1"), .image("2"), .image("3"), .missing, .broken]

    enum Content { case image(String), missing, broken }

    /// By pull spec; everything else is missing.
    private var contents: [String: Content] = [:]

    mutating func publish(_ content: Content, as name: String, _ importer: PreparedImporter) {
        contents[name] = content
        importer.prepare(name, Self.outcome(content, name))
    }

    /// What an import of a pull spec finds, as a stream records it.
    func result(_ name: String) -> StreamModel.Import.Result {
        switch Self.outcome(contents[name] ?? .missing, name) {
        case .image(let image):
            return .image(
                reference: "\(name.split(separator: ":")[0])@\(image.digest)", name: image.digest.description)
        case .failure(let status):
            let message = status.message.isEmpty ? "unknown error prevented import" : status.message
            return .failure(reason: status.reason, message: message)
        }
    }

    private static func outcome(_ content: Content, _ name: String) -> ImportDelivery.Outcome {
        switch content {
        case .image(let seed): .image(fetched(String(name.split(separator: ":")[0]), seed: seed))
        case .missing: .failure(notFound(name))
        case .broken: .failure(Status(status: "Failure", reason: "InternalError", code: 500))
        }
    }
}

@Suite("A stream against its model")
struct StreamModelTests {
    private enum Operation {
        case push(Character, String)
        case refer(String, String)
        case follow(String, String)
        case renew(String)
        case delete(String)
        case relabel
        case publish(Upstream.Content, String)
        case importing(Order)

        /// The name of something that can be imported.
        private static func name(_ generator: inout SeededGenerator) -> String {
            "\(pick(Upstream.repositories, &generator)):\(pick(Upstream.tags, &generator))"
        }

        static func random(_ generator: inout SeededGenerator) -> Operation {
            let tags = ["a", "b", "c", "d"]
            switch Int.random(in: 0..<17, using: &generator) {
            case 0...3: return .push(pick(["1", "2", "3", "4"], &generator), pick(tags, &generator))
            case 4...5: return .refer(pick(tags, &generator), name(&generator))
            case 6...7: return .follow(pick(tags, &generator), pick(tags, &generator))
            case 8: return .delete(pick(tags, &generator))
            case 9: return .relabel
            case 10: return .renew(pick(tags, &generator))
            case 11...13: return .publish(pick(Upstream.contents, &generator), name(&generator))
            default:
                var order = Order()
                if Int.random(in: 0..<3, using: &generator) == 0 {
                    order.repository = pick(
                        Upstream.repositories + [Upstream.missingRepository], &generator)
                }
                for _ in 0..<Int.random(in: (order.repository == nil ? 1 : 0)...2, using: &generator) {
                    order.images.append((pick(tags, &generator), name(&generator)))
                }
                order.policy = pick(["Source", "Local"], &generator)
                order.isScheduled = Bool.random(using: &generator)
                return .importing(order)
            }
        }
    }

    /// An import, as a client asks for it.
    private struct Order {
        var repository: String?
        var images: [(tag: String, from: String)] = []
        var policy = "Source"
        var isScheduled = false

        var request: ImageStreamImport {
            let importPolicy = TagImportPolicy(scheduled: isScheduled)
            let referencePolicy = TagReferencePolicy(type: policy)
            var request = ImageStreamImport()
            request.metadata.name = "app"
            request.spec.import = true
            request.spec.repository = repository.map {
                RepositoryImportSpec(
                    from: from("DockerImage", $0), importPolicy: importPolicy, referencePolicy: referencePolicy)
            }
            request.spec.images = images.map { image in
                ImageImportSpec(
                    from: from("DockerImage", image.from), to: LocalObjectReference(name: image.tag),
                    importPolicy: importPolicy, referencePolicy: referencePolicy)
            }
            return request
        }

        func results(_ upstream: Upstream) -> [StreamModel.Import] {
            func result(_ tag: String, _ from: String, isOfRepository: Bool) -> StreamModel.Import {
                StreamModel.Import(
                    tag: tag, from: from, isScheduled: isScheduled, policy: policy, isOfRepository: isOfRepository,
                    result: upstream.result(from))
            }
            // Of a repository that cannot be listed nothing is recorded.
            let listed = repository.map { repository in
                (repository == Upstream.missingRepository ? [] : Upstream.tags).map {
                    result($0, "\(repository):\($0)", isOfRepository: true)
                }
            }
            return (listed ?? []) + images.map { result($0.tag, $0.from, isOfRepository: false) }
        }
    }

    private struct State {
        var model = StreamModel()
        var upstream = Upstream()
    }

    @Test("history, references and tags are what the rules say after every step", arguments: 1...60)
    func random(_ seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        try await World.run { world in
            var stream = ImageStream()
            stream.metadata.name = "app"
            stream.metadata.namespace = "demo"
            try await world.create(stream)
            var state = State()
            for repository in Upstream.repositories {
                world.importer.prepare(repository: repository, tags: Upstream.tags)
            }
            for step in 0..<40 {
                let operation = Operation.random(&generator)
                let place: Comment = "seed \(seed), step \(step): \(operation)"
                try await perform(operation, world, &state, place)
                try await compare(world, state.model, place)
            }
        }
    }

    private func perform(
        _ operation: Operation, _ world: World, _ state: inout State, _ place: Comment
    ) async throws {
        switch operation {
        case .push(let letter, let tag):
            try await world.push(letter, to: tag)
            state.model.push(digest(letter), to: tag)
        case .refer(let tag, let reference):
            try await put(world, tag) { spec in
                spec.from = from("DockerImage", reference)
                spec.reference = true
                spec.importPolicy.scheduled = false
            }
            state.model.set(tag, to: .image(reference), isReference: true)
        case .follow(let tag, let other):
            // A tag cannot follow itself: that is another error with each way of saying it.
            guard tag != other else { return }
            try await put(world, tag) { spec in
                spec.from = from("ImageStreamTag", other)
                spec.reference = false
                spec.importPolicy.scheduled = false
            }
            state.model.set(tag, to: .tag(other), isReference: false)
        case .renew(let tag):
            guard state.model.spec[tag] != nil else { return }
            try await put(world, tag) { $0.generation = 0 }
            state.model.renew(tag)
        case .delete(let tag):
            let error = await failure {
                try await world.tags.delete("app:\(tag)", options: DeleteOptions(), context("imagestreamtags"))
            }
            let isThere = state.model.spec[tag] != nil || state.model.status[tag] != nil
            #expect(error?.code == (isThere ? nil : 404), place)
            state.model.delete(tag)
        case .relabel:
            try await world.edit { stream in
                stream.metadata.labels["n"] = (stream.metadata.labels["n"] ?? "") == "x" ? "y" : "x"
            }
        case .publish(let content, let name):
            state.upstream.publish(content, as: name, world.importer)
        case .importing(let order):
            let before = (try await world.stream().metadata.resourceVersion, state.model)
            let error = await failure {
                try await world.api.runImport(order.request, context("imagestreamimports"))
            }
            let isStored = state.model.record(order.results(state.upstream))
            try #require(error?.code == (isStored ? nil : 422), place)
            // What brings nothing new is not written.
            let isSame = try await world.stream().metadata.resourceVersion == before.0
            try #require(isSame == (state.model == before.1), place)
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
        try #require(stream.metadata.generation == model.generation, place)
        let status = Dictionary(uniqueKeysWithValues: stream.status.tags.map { ($0.tag, StreamModel.Status($0)) })
        try #require(status == model.status, place)
        let spec = Dictionary(uniqueKeysWithValues: stream.spec.tags.map { ($0.name, StreamModel.Tag($0)) })
        try #require(spec == model.spec, place)
        let referred = try await world.keys(LedgerKeys.imageReferences).compactMap { $0.split(separator: "/").first }
        try #require(Set(referred.map(String.init)) == model.images, place)
        for (tag, changes) in model.history {
            let entries = try await world.resource(TagHistoryResource.self).get(
                "app:\(tag)", options: GetOptions(), context("taghistories")
            ).object().entries
            let told = entries.reversed().map { entry in
                [entry.from, entry.to].map { event in
                    event.map(StreamModel.Event.init)
                }
            }
            try #require(told.count == changes.count, place)
            for (one, other) in zip(told.joined(), changes.joined()) {
                try #require(one.map { $0.isSame(other) } ?? (other == nil), place)
            }
        }
    }
}

private func pick<Element>(_ elements: [Element], _ generator: inout SeededGenerator) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &generator)]
}

// MARK: Streams as the model tells them

extension StreamModel.Event {
    fileprivate init(_ event: TagEvent) {
        self.init(reference: event.dockerImageReference, image: event.image, generation: event.generation)
    }
}

extension StreamModel.Status {
    fileprivate init(_ entry: NamedTagEventList) {
        self.init(
            events: entry.items.map(StreamModel.Event.init),
            condition: entry.conditions.first.map {
                StreamModel.Condition(reason: $0.reason, message: $0.message, generation: $0.generation)
            })
    }
}

extension StreamModel.Tag {
    fileprivate init(_ tag: TagReference) {
        let name = tag.from?.name ?? ""
        self.init(
            source: tag.from?.kind == "ImageStreamTag" ? .tag(name) : .image(name), isReference: tag.reference,
            isScheduled: tag.importPolicy.scheduled, policy: tag.referencePolicy.type, generation: tag.generation ?? 0)
    }
}
