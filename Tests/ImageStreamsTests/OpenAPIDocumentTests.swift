import APIMachinery
import Foundation
import JSON
import Testing

@testable import APIServer
@testable import ImageStreams

/// The documents against those of the reference (Tests/Conformance/data).
@Suite struct OpenAPIDocumentTests {
    /// Where the documents differ on purpose: the beginning of a place, and why.
    private static let known = [
        ("/info", "the product has a name and a version of its own"),
        ("/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions/x-kubernetes-group-version-kind", served),
        ("/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent/x-kubernetes-group-version-kind", served),
        ("/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions/x-kubernetes-group-v", served),
        ("/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent/x-kubernetes-group-version", served),
        (
            "/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
            "the recording was cut down to what is referred to"
        ),
        ("/parameters", "the reference's aggregator moves parameters that are common; here each stands in its place"),
    ]
    private static let served = "the reference lists all groups its libraries know, this server those it has"

    @Test func `the v3 document is that of the reference`() async throws {
        let recorded = try Self.recorded("openapi-v3-image.json")
        let made = try await Self.documents { $0.v3("apis/image.openshift.io/v1") }
        #expect(Self.differences(try #require(made), recorded) == [])
    }

    @Test func `the v2 document is that of the reference, before its aggregator renamed what is common`() async throws {
        let text = try Self.text("openapi-v2-image.json").replacing("ListMeta_v2", with: "ListMeta")
            .replacing("Status_v5", with: "Status")
        let recorded = try JSONValue.parse(text)
        let resolved = Self.resolvingParameters(recorded, recorded["parameters"] ?? .null)
        let made = try await Self.documents(\.v2)
        #expect(Self.differences(made, resolved) == [])
    }

    @Test func `an unknown group version has no document`() async throws {
        let made = try await Self.documents { $0.v3("apis/image.openshift.io/v7") }
        #expect(made == nil)
    }

    @Test func `all references lead to a definition`() async throws {
        let v3 = try #require(try await Self.documents { $0.v3("apis/image.openshift.io/v1") })
        let names = v3["components"]?["schemas"]?.objectValue?.keys ?? []
        let references = Self.references(v3).map { $0.replacing("#/components/schemas/", with: "") }
        #expect(Set(references).subtracting(names) == [])
    }

    // MARK: Support

    private static func documents<Result>(_ body: (OpenAPIDocuments) throws -> Result) async throws -> Result {
        try await World.run { try body(OpenAPIDocuments($0.api)) }
    }

    private static func text(_ file: String) throws -> String {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: tests.appending(path: "Conformance/data/\(file)"), encoding: .utf8)
    }

    private static func recorded(_ file: String) throws -> JSONValue {
        try JSONValue.parse(text(file))
    }

    /// The places at which two documents differ, but for the known ones.
    private static func differences(_ made: JSONValue, _ recorded: JSONValue, at place: String = "") -> [String] {
        if known.contains(where: { place.hasPrefix($0.0) }) { return [] }
        switch (made, recorded) {
        case (.object(let left), .object(let right)):
            return Set(left.keys + right.keys).sorted().flatMap { key -> [String] in
                let inner = "\(place)/\(key)"
                if known.contains(where: { inner.hasPrefix($0.0) }) { return [] }
                guard let one = left[key] else { return ["\(inner) is missing"] }
                guard let other = right[key] else { return ["\(inner) is not recorded"] }
                return differences(one, other, at: inner)
            }
        case (.array(let left), .array(let right)) where left.count == right.count:
            return zip(left, right).enumerated().flatMap {
                differences($0.element.0, $0.element.1, at: "\(place)/\($0.offset)")
            }
        default:
            return made == recorded ? [] : ["\(place): \(short(made)) instead of \(short(recorded))"]
        }
    }

    private static func short(_ value: JSONValue) -> String {
        String(String(decoding: value.jsonBytes(), as: UTF8.self).prefix(120))
    }

    /// Puts parameters in the place of the references to them.
    private static func resolvingParameters(_ value: JSONValue, _ parameters: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            if let name = object["$ref"]?.stringValue, name.hasPrefix("#/parameters/") {
                return parameters[String(name.dropFirst("#/parameters/".count))] ?? .null
            }
            return .object(
                JSONObject(members: object.map { ($0.key, resolvingParameters($0.value, parameters)) }))
        case .array(let elements): return .array(elements.map { resolvingParameters($0, parameters) })
        default: return value
        }
    }

    private static func references(_ value: JSONValue) -> [String] {
        switch value {
        case .object(let object):
            object.flatMap { $0.key == "$ref" ? [$0.value.stringValue ?? ""] : references($0.value) }
        case .array(let elements): elements.flatMap(references)
        default: []
        }
    }
}

extension OpenAPIDocuments {
    /// The documents of the image group.
    init(_ api: ImageStreamsAPI) {
        let environment = EndpointEnvironment(
            decoder: BodyDecoder(kinds: KindRegistry()), namespaces: ActiveNamespaces(),
            authorizer: RecordingAuthorizer())
        func endpoint<R: Resource>(_ resource: R) -> any ResourceEndpoint {
            TypedEndpoint(resource, environment: environment)
        }
        let own = api.resources.filter { $0.descriptor.groupVersion == ImageStreamsGroup.version }
        self.init(own.map { endpoint($0) }, version: "v0")
    }
}
