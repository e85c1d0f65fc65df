import JSON
import Testing

@Suite("32 connections that race on one tag")
struct RaceTests {
    private static let count = 32
    private static let group = "/apis/image.openshift.io/v1/namespaces/p"
    private static let stream = API.streams("p") + "/app"
    private static let tag = "\(group)/imagestreamtags/app:v1"

    // MARK: Clients

    /// Runs `body` with clients that have a connection each.
    private static func withClients(
        _ server: WeirProcess, _ clients: [API] = [], _ body: ([API]) async throws -> Void
    ) async throws {
        if clients.count == count { return try await body(clients) }
        try await API.with(server, http1Only: true) { api in
            guard try await api.get("/readyz").status == 200 else { throw TestFailure("a client is not let in") }
            try await withClients(server, clients + [api], body)
        }
    }

    /// What each client gets, all of them at a time.
    private static func race<Result: Sendable>(
        _ clients: [API], _ run: @escaping @Sendable (API, Int) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            for (number, api) in clients.enumerated() {
                group.addTask { (number, try await run(api, number)) }
            }
            var results: [Int: Result] = [:]
            for try await (number, result) in group { results[number] = result }
            return results.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    private static func digest(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return "sha256:" + String(repeating: "0", count: 64 - digits.count) + digits
    }

    private static func push(_ api: API, _ number: Int, to tag: String) async throws -> API.Answer {
        let digest = digest(number)
        return try await api.post(
            "\(group)/imagestreammappings",
            #"{"kind":"ImageStreamMapping","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},"tag":"\#(tag)","#
                + #""image":{"metadata":{"name":"\#(digest)"},"dockerImageReference":"quay.io/x/app@\#(digest)"}}"#)
    }

    // MARK: What is left of a race

    /// Entries of the tag's full history, the oldest first: from which image or reference to which.
    private static func moves(_ api: API, _ key: String) async throws -> [(from: String?, to: String?)] {
        let history = try await api.get("/apis/weir.dev/v1alpha1/namespaces/p/taghistories/app:v1").json()
        return (history["entries"]?.arrayValue ?? []).reversed().map { entry in
            (entry["from"]?[key]?.stringValue, entry["to"]?[key]?.stringValue)
        }
    }

    /// Checks that each move begins where the one before ended, and that they end in `heads`, in their order.
    private static func expect(
        _ moves: [(from: String?, to: String?)], lead: [String], at location: SourceLocation = #_sourceLocation
    ) {
        #expect(moves.map(\.to) == lead, sourceLocation: location)
        #expect(moves.map(\.from) == [nil] + lead.dropLast().map(\.self), sourceLocation: location)
    }

    /// All that a watch has seen when it has seen the present state, which its last event must be.
    private static func events(_ watch: Watch, _ api: API) async throws -> [Watch.Event] {
        let present = try await api.get(stream).json()
        try await eventually("the watch sees the present state") {
            (watch.events.last?.version ?? 0) >= present.version
        }
        let events = watch.events
        #expect(events.last?.object == present)
        #expect(events.map(\.type) == ["ADDED"] + events.dropFirst().map { _ in "MODIFIED" })
        for (before, after) in zip(events, events.dropFirst()) { #expect(before.version < after.version) }
        return events
    }

    // MARK: Tests

    @Test("one create of a tag wins, whether or not the stream is there", arguments: [false, true])
    func create(isStreamThere: Bool) async throws {
        try await WeirProcess.run { server, api in
            try await api.createNamespace("p")
            let watch = try await Watch(server, API.streams("p") + "?watch=1")
            if isStreamThere { _ = try await api.createStream("app", in: "p") }
            try await Self.withClients(server) { clients in
                let answers = try await Self.race(clients) { api, number in
                    try await api.post(
                        "\(Self.group)/imagestreamtags",
                        #"{"kind":"ImageStreamTag","apiVersion":"image.openshift.io/v1","metadata":{"name":"app:v1"},"#
                            + #""tag":{"reference":true,"from":{"kind":"DockerImage","name":"quay.io/x/app:\#(number)"}}}"#
                    )
                }
                let winners = answers.indices.filter { answers[$0].status == 201 }
                let winner = try #require(winners.first)
                #expect(winners.count == 1)
                for answer in answers where answer.status != 201 { answer.expect(409, "AlreadyExists") }

                let reference = "quay.io/x/app:\(winner)"
                let events = try await Self.events(watch, api)
                #expect(events.count == (isStreamThere ? 2 : 1))
                let last = try #require(events.last)
                #expect(last.version == (try answers[winner].json().version))
                #expect(last.object.text(at: "spec.tags.0.from.name") == reference)
                #expect(last.object.at("status.tags.0.items")?.arrayValue?.count == 1)
                Self.expect(try await Self.moves(api, "dockerImageReference"), lead: [reference])
            }
        }
    }

    @Test("one update a round wins among those that name the version they read, and the others get a conflict")
    func update() async throws {
        try await WeirProcess.run { server, api in
            try await api.createNamespace("p")
            _ = try await api.createStream("app", in: "p")
            // Two sets of images that take turns, so that every update moves the tag.
            for number in 0..<Self.count { #expect(try await Self.push(api, number, to: "pool").status == 201) }
            let created = try await api.post(
                "\(Self.group)/imagestreamtags",
                #"{"kind":"ImageStreamTag","apiVersion":"image.openshift.io/v1","metadata":{"name":"app:v1"},"#
                    + #""tag":{"from":{"kind":"ImageStreamImage","name":"app@\#(Self.digest(Self.count - 1))"}}}"#)
            #expect(created.status == 201, "\(created.text)")
            let watch = try await Watch(server, API.streams("p") + "?watch=1")
            var winners: [(version: Int64, image: String, annotation: String)] = []
            try await Self.withClients(server) { clients in
                for round in 0..<8 {
                    let read = try await Self.race(clients) { api, _ in try await api.get(Self.tag).json() }
                    #expect(Set(read.map(\.version)).count == 1)
                    let answers = try await Self.race(clients) { api, number in
                        let image = Self.digest(number % 16 + round % 2 * 16)
                        return try await Self.put(api, read[number], from: image, annotation: "\(round) \(number)")
                    }
                    let won = answers.indices.filter { answers[$0].status == 200 }
                    #expect(won.count == 1)
                    for answer in answers where answer.status != 200 { answer.expect(409, "Conflict") }
                    let winner = try #require(won.first)
                    let answer = try answers[winner].json()
                    let image = Self.digest(winner % 16 + round % 2 * 16)
                    #expect(answer.text(at: "image.metadata.name") == image)
                    winners.append((answer.version, image, "\(round) \(winner)"))
                }
            }
            let events = try await Self.events(watch, api).dropFirst()
            #expect(events.map(\.version) == winners.map(\.version))
            for (event, winner) in zip(events, winners) {
                // Tags are in the order of their names: `pool` and `v1`.
                #expect(event.object.at("spec.tags.0.annotations")?["winner"]?.stringValue == winner.annotation)
                #expect(event.object.text(at: "status.tags.1.items.0.image") == winner.image)
                #expect(event.object.at("spec.tags.0.generation") == event.object.at("metadata.generation"))
                #expect(event.object.at("status.tags.1.items.0.generation") == event.object.at("metadata.generation"))
            }
            Self.expect(
                try await Self.moves(api, "image"), lead: [Self.digest(Self.count - 1)] + winners.map(\.image))
        }
    }

    /// Moves a tag as it was read to another image.
    private static func put(
        _ api: API, _ read: JSONValue, from image: String, annotation: String
    ) async throws -> API.Answer {
        let version = read.text(at: "metadata.resourceVersion") ?? ""
        return try await api.send(
            "PUT", tag,
            Array(
                (#"{"kind":"ImageStreamTag","apiVersion":"image.openshift.io/v1","metadata":{"name":"app:v1","#
                    + #""resourceVersion":"\#(version)","annotations":{"winner":"\#(annotation)"}},"#
                    + #""tag":{"from":{"kind":"ImageStreamImage","name":"app@\#(image)"}}}"#).utf8))
    }

    @Test("every push gets into the history once; who loses a round is told so and pushes again")
    func push() async throws {
        try await WeirProcess.run { server, api in
            try await api.createNamespace("p")
            _ = try await api.createStream("app", in: "p")
            let watch = try await Watch(server, API.streams("p") + "?watch=1")
            try await Self.withClients(server) { clients in
                // A tag that another push has moved meanwhile is a conflict (spec/image-resources.md 16.2).
                _ = try await Self.race(clients) { api, number in
                    while case let answer = try await Self.push(api, number, to: "v1"), answer.status != 201 {
                        answer.expect(409, "Conflict")
                        guard answer.status == 409 else { throw TestFailure("push: \(answer.status) \(answer.text)") }
                    }
                }
            }
            func images(_ stream: JSONValue) -> [String] {
                (stream.at("status.tags.0.items")?.arrayValue ?? []).compactMap { $0["image"]?.stringValue }
            }
            let events = try await Self.events(watch, api)
            #expect(events.count == 1 + Self.count)
            for (before, after) in zip(events, events.dropFirst()) {
                #expect(images(after.object).dropFirst() == images(before.object)[...])
            }
            let last = try #require(events.last).object
            #expect(images(last).sorted() == (0..<Self.count).map(Self.digest))
            for item in last.at("status.tags.0.items")?.arrayValue ?? [] {
                #expect(item["generation"] == last.at("metadata.generation"))
            }
            Self.expect(try await Self.moves(api, "image"), lead: images(last).reversed())
        }
    }
}
