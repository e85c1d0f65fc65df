import JSON

/// What became of one repository of the directory.
public struct AdoptedRepository: Hashable, Sendable {
    /// As the directory has it.
    public var name: String
    /// `namespace/name`.
    public var stream: String
    /// Whether the stream was made.
    public var isNew = false
    public var layers = 0
    public var manifests = 0
    public var tags = 0
    /// What had been taken over before, or is passed over because it is damaged or missing.
    public var known = 0
    public var failed = 0

    init(name: String, stream: String) {
        self.name = name
        self.stream = stream
    }

    public var json: JSONValue {
        [
            "name": .string(name), "stream": .string(stream), "new": .bool(isNew), "layers": .integer(Int64(layers)),
            "manifests": .integer(Int64(manifests)), "tags": .integer(Int64(tags)), "known": .integer(Int64(known)),
            "failed": .integer(Int64(failed)),
        ]
    }
}

/// What an adoption has done so far.
public struct AdoptionTally: Hashable, Sendable {
    public var repositories = 0
    public var blobs = 0
    /// Of blobs that were taken over.
    public var bytes: Int64 = 0
    public var manifests = 0
    public var tags = 0
    public var problems = 0

    public init() {}

    public var json: JSONValue {
        [
            "repositories": .integer(Int64(repositories)), "blobs": .integer(Int64(blobs)), "bytes": .integer(bytes),
            "manifests": .integer(Int64(manifests)), "tags": .integer(Int64(tags)),
            "problems": .integer(Int64(problems)),
        ]
    }
}

/// What one adoption has seen so far. One task uses it.
final class AdoptionRun {
    let request: DirectoryAdoption.Request
    private let onEvent: (DirectoryAdoption.Event) async throws -> Void
    var tally = AdoptionTally()
    /// Layers that were counted.
    var seen = DigestSet()

    init(
        _ request: DirectoryAdoption.Request, _ onEvent: @escaping (DirectoryAdoption.Event) async throws -> Void
    ) {
        self.request = request
        self.onEvent = onEvent
    }

    func problem(_ place: String, _ message: String) async throws {
        tally.problems += 1
        try await onEvent(.problem(place: place, message: message))
    }

    func finish(_ repository: AdoptedRepository) async throws {
        tally.repositories += 1
        try await onEvent(.repository(repository))
    }

    func advance(_ change: (inout AdoptionTally) -> Void) async throws {
        change(&tally)
        try await onEvent(.progress(tally))
    }
}
