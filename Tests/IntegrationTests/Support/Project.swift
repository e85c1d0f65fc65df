import Foundation
import JSON
import Testing

/// A namespace of its own on the server that the suite shares, and the requests that tests send there.
///
/// Paths are relative to the image streams of the namespace: `/a` is one, `?limit=2` is a list.
struct Project: Sendable {
    enum Patch: String, CaseIterable {
        case json = "application/json-patch+json"
        case merge = "application/merge-patch+json"
        case strategic = "application/strategic-merge-patch+json"
        case apply = "application/apply-patch+yaml"
    }

    let server: WeirProcess
    let api: API
    let name: String

    var streams: String { API.streams(name) }
    static let images = "/apis/image.openshift.io/v1/images"
    static let group = "/apis/image.openshift.io/v1"

    static func make() async throws -> Project {
        guard let running = SharedServer.running else { throw TestFailure("the suite shares no server") }
        let name = "p-" + UUID().uuidString.prefix(8).lowercased()
        try await running.api.createNamespace(name)
        return Project(server: running.server, api: running.api, name: name)
    }

    /// The same place seen by somebody else.
    func with(token: String?) -> Project {
        var api = api
        api.token = token
        return Project(server: server, api: api, name: name)
    }

    // MARK: Requests

    func get(_ path: String = "", accept: String? = nil, _ headers: (String, String)...) async throws -> API.Answer {
        try await api.send("GET", streams + path, headers: headers + (accept.map { [("Accept", $0)] } ?? []))
    }

    func post(
        _ body: String, _ query: String = "", type: String = "application/json", _ headers: (String, String)...
    ) async throws -> API.Answer {
        try await api.send("POST", streams + query, Array(body.utf8), type: type, headers: headers)
    }

    func put(_ path: String, _ object: JSONValue, _ headers: (String, String)...) async throws -> API.Answer {
        try await api.send("PUT", streams + path, object.jsonBytes(), headers: headers)
    }

    func patch(_ path: String, _ type: Patch, _ body: String) async throws -> API.Answer {
        try await api.send("PATCH", streams + path, Array(body.utf8), type: type.rawValue)
    }

    /// Applies an image stream of the path's name.
    func apply(
        _ name: String, by manager: String, _ metadata: String = "", spec: String = "", force: Bool = false
    ) async throws -> API.Answer {
        try await patch(
            "/\(name)?fieldManager=\(manager)\(force ? "&force=true" : "")", .apply,
            imageStream(name, metadata, spec: spec))
    }

    func delete(_ path: String, _ options: String? = nil) async throws -> API.Answer {
        try await api.send("DELETE", streams + path, options.map { Array($0.utf8) })
    }

    /// Creates an image stream, which must succeed.
    @discardableResult
    func create(_ name: String, _ metadata: String = "", spec: String = "") async throws -> JSONValue {
        let answer = try await post(imageStream(name, metadata, spec: spec))
        guard answer.status == 201 else { throw TestFailure("create \(name): \(answer.status) \(answer.text)") }
        return try answer.json()
    }

    /// Changes an image stream by a merge patch, which must succeed.
    @discardableResult
    func change(_ name: String, _ patch: String) async throws -> JSONValue {
        let answer = try await self.patch("/\(name)", .merge, patch)
        guard answer.status == 200 else { throw TestFailure("change \(name): \(answer.status) \(answer.text)") }
        return try answer.json()
    }

    /// The version of a list of now.
    func version() async throws -> String {
        guard let version = try await get().text(at: "metadata.resourceVersion") else {
            throw TestFailure("a list without version")
        }
        return version
    }

    // MARK: Watches

    func watch(_ query: String, _ headers: (String, String)...) async throws -> Watch {
        try await Watch(server, "\(streams)?watch=1&\(query)", headers: headers)
    }

    /// All a watch shows of what is there: the server ends it after a second.
    func events(_ query: String = "", accept: String = "application/json") async throws -> [Watch.Event] {
        try await Watch(server, "\(streams)?watch=1&timeoutSeconds=1&\(query)", headers: [("Accept", accept)]).end()
    }
}

/// An image stream as a client writes it; `metadata` and `spec` are further members, such as `"labels":{"a":"b"}`.
func imageStream(_ name: String, _ metadata: String = "", spec: String = "") -> String {
    """
    {"kind":"ImageStream","apiVersion":"image.openshift.io/v1",\
    "metadata":{"name":"\(name)"\(metadata.isEmpty ? "" : "," + metadata)}\(spec.isEmpty ? "" : #","spec":{\#(spec)}"#)}
    """
}

/// An image as a client writes it.
func image(_ metadata: String) -> String {
    """
    {"kind":"Image","apiVersion":"image.openshift.io/v1","metadata":{\(metadata)},\
    "dockerImageReference":"registry.example/a/b:1"}
    """
}

/// `spec.tags` of tags that are mere references: nothing is imported for them.
func tags(_ tags: (name: String, image: String)...) -> String {
    let items = tags.map {
        #"{"name":"\#($0.name)","reference":true,"from":{"kind":"DockerImage","name":"registry.example/\#($0.image)"}}"#
    }
    return #""tags":[\#(items.joined(separator: ","))]"#
}
