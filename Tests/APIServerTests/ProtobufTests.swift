import APIMachinery
import HTTPTypes
import ImageAPI
import JSON
import Testing

@testable import APIServer

@Suite("Protobuf answers and requests")
struct ProtobufTests {
    static let protobuf = "application/vnd.kubernetes.protobuf"
    let api = TestAPI()
    let path = TestAPI.path

    @Test("An object is an envelope that names its kind")
    func object() async throws {
        let answer = try await api.send("GET", path + "/a", headers: [.accept: Self.protobuf])
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == Self.protobuf)
        let envelope = try ProtobufEnvelope(parsing: answer.body)
        #expect(envelope.apiVersion == "image.openshift.io/v1")
        #expect(envelope.kind == "ImageStream")
        let stream = try ImageStream.decode(envelope.json(ImageStream.schema).json)
        #expect(stream == TestAPI.stream("a"))
    }

    @Test("A list is one envelope of all items")
    func list() async throws {
        let answer = try await api.send(
            "GET", path, headers: [.accept: "application/vnd.kubernetes.protobuf,application/json"])
        let envelope = try ProtobufEnvelope(parsing: answer.body)
        #expect(envelope.kind == "ImageStreamList")
        let list = try ImageStreamList.decode(envelope.json(ImageStreamList.schema).json)
        #expect(list.items == [TestAPI.stream("a")])
        #expect(list.metadata.resourceVersion == "9")
    }

    @Test("Metadata alone can be protobuf, in both versions", arguments: ["v1", "v1beta1"])
    func partial(_ version: String) async throws {
        let accept = "\(Self.protobuf);as=PartialObjectMetadata;g=meta.k8s.io;v=\(version)"
        let envelope = try ProtobufEnvelope(
            parsing: try await api.send("GET", path + "/a", headers: [.accept: accept]).body)
        #expect(envelope.kind == "PartialObjectMetadata")
        #expect(envelope.apiVersion == "meta.k8s.io/\(version)")
        let list = "\(Self.protobuf);as=PartialObjectMetadataList;g=meta.k8s.io;v=\(version)"
        let answer = try await api.send("GET", path, headers: [.accept: list])
        let items = try PartialObjectMetadataList.decode(
            ProtobufEnvelope(parsing: answer.body).json(PartialObjectMetadataList.schema).json)
        #expect(items.items.map(\.metadata) == [TestAPI.stream("a").metadata])
    }

    @Test("A table is no protobuf: the next clause counts, and without one the answer is 406 in JSON")
    func table() async throws {
        let table = "\(Self.protobuf);as=Table;g=meta.k8s.io;v=v1"
        let alone = try await api.send("GET", path, headers: [.accept: table])
        #expect(alone.status == 406)
        #expect(alone.headers[.contentType] == "application/json")
        let next = try await api.send("GET", path, headers: [.accept: table + ",application/json"])
        #expect(next.json?["kind"] == "ImageStreamList")
    }

    @Test("Errors come as a Status in protobuf")
    func error() async throws {
        let answer = try await api.send("GET", path + "/none", headers: [.accept: Self.protobuf])
        #expect(answer.status == 404)
        #expect(answer.headers[.contentType] == Self.protobuf)
        let status = try Status.decode(ProtobufEnvelope(parsing: answer.body).json(Status.schema).json)
        #expect(status.reason == "NotFound")
        #expect(status.code == 404)
    }

    @Test("Watches are frames; an error is the last of them")
    func watch() async throws {
        let answer = try await api.send(
            "GET", path, query: "watch=1", headers: [.accept: Self.protobuf + ";stream=watch"])
        #expect(answer.headers[.contentType] == "application/vnd.kubernetes.protobuf;stream=watch")
        let stream = TestAPI.stream("a")
        let added = try ProtobufEnvelope(json: stream.jsonBytes(), schema: ImageStream.schema).bytes
        let gone = APIError.expired("too old resource version: 1 (2)").status
        let error = try ProtobufEnvelope(json: gone.jsonBytes(), schema: Status.schema).bytes
        #expect(
            answer.body == ProtobufWatchFrame.bytes(type: "ADDED", object: added)
                + ProtobufWatchFrame.bytes(type: "ERROR", object: error))
    }

    @Test("YAML is no stream")
    func yamlWatch() async throws {
        let answer = try await api.send("GET", path, query: "watch=1", headers: [.accept: "application/yaml"])
        #expect(answer.status == 406)
        #expect(answer.headers[.contentType] == "application/yaml")
    }

    @Test(
        "Discovery speaks protobuf",
        arguments: [
            ("/api", "APIVersions", ""), ("/apis", "APIGroupList", "v1"),
            ("/apis/image.openshift.io", "APIGroup", "v1"), ("/apis/image.openshift.io/v1", "APIResourceList", "v1"),
        ])
    func discovery(_ path: String, _ kind: String, _ apiVersion: String) async throws {
        let envelope = try ProtobufEnvelope(
            parsing: try await api.send("GET", path, headers: [.accept: Self.protobuf]).body)
        #expect(envelope.kind == kind)
        #expect(envelope.apiVersion == apiVersion)
    }

    @Test("Discovery in JSON keeps its members and their order")
    func discoveryJSON() async throws {
        let group = try await api.send("GET", "/apis/image.openshift.io")
        #expect(
            text(group.body)
                == #"{"kind":"APIGroup","apiVersion":"v1","name":"image.openshift.io","versions":[{"groupVersion":"image.openshift.io/v1","version":"v1"}],"preferredVersion":{"groupVersion":"image.openshift.io/v1","version":"v1"}}"#
                + "\n")
        let resources = try await api.send("GET", "/apis/image.openshift.io/v1")
        #expect(
            text(resources.body)
                == #"{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"image.openshift.io/v1","resources":[{"name":"imagestreams","singularName":"imagestream","namespaced":true,"kind":"ImageStream","verbs":["create","delete","get","list","watch"],"shortNames":["is"]}]}"#
                + "\n")
    }

    // MARK: Requests

    private func post(_ body: [UInt8]) async throws -> TestAPI.Answer {
        try await api.send("POST", path, headers: [.contentType: Self.protobuf], body: body)
    }

    @Test("A protobuf body creates what it says", arguments: ["image.openshift.io/v1", ""])
    func create(_ apiVersion: String) async throws {
        var stream = TestAPI.stream("b")
        stream.spec.tags = [TagReference(name: "v1", annotations: ["x": "y"], generation: 0)]
        var envelope = try ProtobufEnvelope(json: stream.jsonBytes(), schema: ImageStream.schema)
        envelope.apiVersion = apiVersion
        if apiVersion.isEmpty { envelope.kind = "" }
        let answer = try await post(envelope.bytes)
        #expect(answer.status == 201)
        #expect(try ImageStream.decode(answer.body) == stream)
    }

    @Test(
        "Bodies that are no image stream are refused",
        arguments: [
            (
                Array("k8s".utf8),
                "the object provided is unrecognized (must be of type ImageStream): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (6b3873)"
            ),
            ([], "the object provided is unrecognized (must be of type ImageStream): empty data (<empty>)"),
            (
                ProtobufEnvelope(apiVersion: "image.openshift.io/v1", kind: "ImageStream", message: [0x0A, 0x05]).bytes,
                #"ImageStream in version "v1" cannot be handled as a ImageStream: unexpected EOF"#
            ),
            (
                ProtobufEnvelope(apiVersion: "v1", kind: "Pod", message: [0x08]).bytes,
                #"Pod in version "v1" cannot be handled as a ImageStream: converting (v1.Pod) to (image.ImageStream): unknown conversion"#
            ),
            (
                ProtobufEnvelope(apiVersion: "image.openshift.io/v2", kind: "ImageStream", message: []).bytes,
                #"ImageStream in version "v2" cannot be handled as a ImageStream: no kind "ImageStream" is registered for version "image.openshift.io/v2" in scheme "pkg/runtime/scheme.go:110""#
            ),
        ] as [([UInt8], String)])
    func refusals(_ body: [UInt8], _ message: String) async throws {
        let answer = try await post(body)
        #expect(answer.status == 400)
        #expect(answer.message == message)
    }

    @Test("Text that is not UTF-8 is repaired with a warning")
    func repair() async throws {
        // metadata { name: "b", labels: { "x": an invalid byte } }
        let message: [UInt8] = [
            0x0A, 0x0B, 0x0A, 0x01, 0x62, 0x5A, 0x06, 0x0A, 0x01, 0x78, 0x12, 0x01, 0xFF,
        ]
        let body = ProtobufEnvelope(apiVersion: "", kind: "", message: message).bytes
        let answer = try await post(body)
        #expect(answer.status == 201)
        #expect(answer.headers[.warning] == #"299 - "invalid UTF-8 in the request body was replaced""#)
    }

    @Test("Options of a delete may be protobuf")
    func deleteOptions() async throws {
        let options = #"{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"u-1"}}"#
        let body = try ProtobufEnvelope(json: Array(options.utf8), schema: DeleteOptions.schema).bytes
        let answer = try await api.send("DELETE", path + "/a", headers: [.contentType: Self.protobuf], body: body)
        #expect(answer.json?["details"]?["uid"] == "u-1")
    }
}
