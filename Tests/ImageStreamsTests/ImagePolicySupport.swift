import APIServer
import Foundation
import ImageAPI
import JSON
import Testing

@testable import APIMachinery
@testable import ImageStreams

/// Streams, and workloads that name their images, before the webhook of the image policy.
enum PolicyWorld {
    /// What the webhook said of an object.
    struct Verdict {
        var isAllowed: Bool
        /// The images of containers, after the patch.
        var images: [String]
        var patched: JSONValue
        var status: Status?
    }

    static let mysql = "quay.io/x/mysql@\(digest("1"))"

    /// A namespace `demo` with `mysql` (lends its name), `private` (does not), and `other/app`.
    static func world(
        _ policy: ImagePolicyConfiguration = ImagePolicyConfiguration(), annotations: [String: String] = [:],
        _ body: (World) async throws -> Void
    ) async throws {
        let configuration = ImageStreamsConfiguration(
            internalRegistryHostname: "registry:5000", imagePolicy: policy)
        let namespaces = ActiveNamespaces(annotations: ["demo": annotations])
        try await World.run(configuration: configuration, namespaces: namespaces) { world in
            for (name, namespace, isLocal) in [
                ("mysql", "demo", true), ("private", "demo", false), ("app", "other", false),
            ] {
                var stream = ImageStream()
                stream.metadata.name = name
                stream.metadata.namespace = namespace
                stream.spec.lookupPolicy.local = isLocal
                try await world.create(stream)
            }
            try await world.push("1", to: "latest", of: "mysql", reference: mysql)
            try await world.push(
                "2", to: "latest", of: "private", reference: "quay.io/x/private@\(digest("2"))",
                annotations: ["images.openshift.io/deny-execution": "true"])
            var mapping = ImageStreamMapping()
            mapping.metadata.name = "app"
            mapping.tag = "v1"
            mapping.image.metadata.name = digest("3")
            mapping.image.dockerImageReference = "quay.io/x/app@\(digest("3"))"
            try await world.api.push(mapping, context("imagestreammappings", namespace: "other"))
            try await body(world)
        }
    }

    static func ask(
        _ world: World, _ object: JSONValue, kind: String = "Pod", group: String = "", resource: String = "pods",
        operation: String = "CREATE", old: JSONValue = .null, path: String = ImagePolicyWebhook.mutatingPath
    ) async throws -> Verdict {
        let review: JSONValue = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": [
                "uid": "u1", "kind": ["group": .string(group), "version": "v1", "kind": .string(kind)],
                "resource": ["group": .string(group), "version": "v1", "resource": .string(resource)],
                "namespace": "demo", "name": "thing", "operation": .string(operation), "object": object,
                "oldObject": old,
            ],
        ]
        let response = try await respond(world, review.jsonBytes(), path: path)
        let answer = try #require(try JSONValue.parse(response.body.joined ?? [])["response"])
        #expect(answer["uid"]?.stringValue == "u1")
        var patched = object
        if let patch = answer["patch"]?.stringValue {
            #expect(answer["patchType"]?.stringValue == "JSONPatch")
            let operations = try JSONPatch(try JSONValue.parse(Array(try #require(Data(base64Encoded: patch)))))
            patched = try operations.apply(to: object)
        }
        let spec = [["spec", "jobTemplate", "spec", "template", "spec"], ["spec", "template", "spec"], ["spec"]]
            .lazy.compactMap { path in path.reduce(Optional(patched)) { $0?[$1] } }.first
        let images = ["initContainers", "containers"].flatMap { list in
            (spec?[list]?.arrayValue?.elements ?? []).map { $0["image"]?.stringValue ?? "" }
        }
        return Verdict(
            isAllowed: answer["allowed"]?.boolValue == true, images: images, patched: patched,
            status: try answer["status"].map { try Status.decode($0.jsonBytes()) })
    }

    static func respond(
        _ world: World, _ body: [UInt8], method: String = "POST", path: String = ImagePolicyWebhook.mutatingPath
    ) async throws -> ServerResponse {
        let handler = try #require(world.api.handlers.first { $0.paths.contains(path) })
        return try await handler.respond(
            to: ServerRequest(method: method, path: path, body: .bytes(body)), path: path, context(""))
    }

    static func pod(_ images: [String], annotations: JSONValue = .null) -> JSONValue {
        [
            "metadata": ["name": "thing", "annotations": annotations],
            "spec": [
                "containers": .array(
                    images.enumerated().map { ["name": .string("c\($0)"), "image": .string($1)] })
            ],
        ]
    }
}
