import APIMachinery
import ImageAPI
import JSON
import Testing

@testable import APIServer

@Suite("A patch of the members it touches")
struct PartialPatchTests {
    private static let stream: ImageStream = {
        var stream = ImageStream(metadata: ObjectMeta(name: "a"))
        stream.metadata.namespace = "p"
        stream.metadata.uid = "u"
        stream.metadata.resourceVersion = "7"
        stream.metadata.labels = ["a": "1", "b": "2"]
        stream.metadata.finalizers = ["example.com/f"]
        stream.metadata.managedFields = [
            ManagedFieldsEntry(manager: "m", operation: "Update", apiVersion: "image.openshift.io/v1")
        ]
        stream.spec.tags = ["v1", "v2"].map { name in
            TagReference(name: name, from: ObjectReference(kind: "DockerImage", name: "r.example/a:\(name)"))
        }
        stream.status.dockerImageRepository = "r.example/p/a"
        return stream
    }()

    private static let patches: [(format: PatchFormat, text: String, isPartial: Bool)] = [
        (.merge, #"{"metadata":{"labels":{"a":null,"c":"3"}}}"#, true),
        (.merge, #"{"metadata":{"labels":null,"finalizers":[]}}"#, true),
        (.merge, #"{"spec":{"lookupPolicy":{"local":true},"tags":[]}}"#, true),
        (.merge, #"{"metadata":{"name":"b"},"status":{"dockerImageRepository":""}}"#, true),
        (.merge, "{}", true),
        (.merge, #"{"spec":null}"#, false),
        (.merge, #"{"metadata":null}"#, false),
        (.merge, #"{"metadata":{"managedFields":[]}}"#, false),
        (.merge, #"{"kind":"Other"}"#, false),
        (.merge, #"{"unknown":1}"#, false),
        (.merge, #"{"spec":{"unknown":1}}"#, false),
        (.merge, #"{"spec":{"tags":"none"}}"#, false),
        (.strategicMerge, #"{"spec":{"tags":[{"name":"v2","from":{"name":"x"}},{"name":"v3"}]}}"#, true),
        (.strategicMerge, #"{"spec":{"tags":[{"$patch":"delete","name":"v1"}]}}"#, true),
        (.strategicMerge, #"{"metadata":{"finalizers":["example.com/g"]}}"#, true),
        (.strategicMerge, #"{"metadata":{"$patch":"replace","name":"a"}}"#, false),
        (.strategicMerge, #"{"$patch":"replace","metadata":{"name":"a"}}"#, false),
        (.json, #"[{"op":"add","path":"/metadata/labels/c","value":"3"},{"op":"remove","path":"/spec/tags/0"}]"#, true),
        (.json, #"[{"op":"copy","from":"/metadata/labels/a","path":"/spec/dockerImageRepository"}]"#, true),
        (.json, #"[{"op":"replace","path":"/spec","value":{}}]"#, false),
        (.json, #"[{"op":"remove","path":"/metadata/managedFields"}]"#, false),
        (.json, #"[{"op":"test","path":"/metadata/labels/a","value":"2"}]"#, false),
    ]

    @Test("makes the same object as a patch of the whole document, or leaves it to that", arguments: patches)
    func equivalence(_ row: (format: PatchFormat, text: String, isPartial: Bool)) throws {
        let options = WriteOptions()
        let warnings = WarningRecorder()
        let patch = try Patch(Array(row.text.utf8), format: row.format, options: options, warnings: warnings)
        let current = Output(EncodedObject(Self.stream), decoded: Self.stream)
        let partial = try PartialPatch(patch, to: current)?.result()
        #expect((partial != nil) == row.isPartial)
        guard let partial else { return }
        let after = try patch.apply(to: try JSONValue.parse(current.encoded.json), schema: ImageStream.schema)
        #expect(try partial == ImageStream.decode(after.jsonBytes()))
    }

    @Test("An object kept from its write is what its bytes decode to")
    func keptObjects() async throws {
        try await Shelf.with { shelf in
            try await shelf.create("a", labels: ["a": "1"], finalizers: ["example.com/f"]) { stream in
                stream.spec = Self.stream.spec
                stream.status = Self.stream.status
            }
            for round in 0..<3 {
                let current = try #require(try await shelf.objects.current("a", namespace: "p"))
                #expect(shelf.objects.recent.object("/test/streams/p/a", revision: current.revision) != nil)
                #expect(try current.object == ImageStream.decode(#require(current.members).bytes))
                let change = ObjectChange<ImageStream>(isPatch: true) { output in
                    var stream = try output.object()
                    stream.metadata.labels["round"] = String(round)
                    stream.spec.tags.removeLast(min(round, stream.spec.tags.count))
                    return stream
                }
                _ = try await shelf.objects.update(
                    "a", strategy: PlainStrategy(), options: WriteOptions(), context(), change: change)
            }
        }
    }
}
