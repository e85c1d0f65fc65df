import APIMachinery
import ImageAPI
import JSON
import Testing

@Suite("What is written for empty values")
struct PresenceTests {
    /// image-resources 4.2, the columns "out".
    static let empty: [(any APIType, String)] = [
        (
            ImageStream(),
            #"{"metadata":{},"spec":{"lookupPolicy":{"local":false}},"status":{"dockerImageRepository":""}}"#
        ),
        (
            TagReference(),
            #"{"name":"","annotations":null,"generation":null,"importPolicy":{},"referencePolicy":{"type":""}}"#
        ),
        (NamedTagEventList(), #"{"tag":"","items":null}"#),
        (TagEvent(), #"{"created":null,"dockerImageReference":"","image":"","generation":0}"#),
        (TagEventCondition(), #"{"type":"","status":"","lastTransitionTime":null,"generation":0}"#),
        (ImageManifest(), #"{"digest":"","mediaType":"","manifestSize":0,"architecture":"","os":""}"#),
        (ImageLayer(), #"{"name":"","size":0,"mediaType":""}"#),
        (ImageSignature(), #"{"metadata":{},"type":"","content":null}"#),
        (SignatureCondition(), #"{"type":"","status":"","lastProbeTime":null,"lastTransitionTime":null}"#),
        (SignatureIssuer(), "{}"), (SignatureSubject(), #"{"publicKeyID":""}"#),
        (ImageTag(), #"{"metadata":{},"spec":null,"status":null,"image":null}"#),
        (ImageStreamLayers(), #"{"metadata":{},"blobs":{},"images":{}}"#),
        (ImageLayerData(), #"{"size":null,"mediaType":""}"#),
        (ImageBlobReferences(), #"{"imageMissing":false,"layers":null,"config":null}"#),
        (ImageStreamImport(), #"{"metadata":{},"spec":{"import":false},"status":{}}"#),
        (RepositoryImportSpec(), #"{"from":{},"importPolicy":{},"referencePolicy":{"type":""}}"#),
        (RepositoryImportStatus(), #"{"status":{"metadata":{}}}"#),
        (ImageImportSpec(), #"{"from":{},"importPolicy":{},"referencePolicy":{"type":""}}"#),
        (ImageImportStatus(), #"{"status":{"metadata":{}}}"#),
        (SecretList(), #"{"metadata":{},"items":[]}"#),
        (Image(), #"{"metadata":{},"dockerImageMetadata":null}"#),
        (
            DockerImage(),
            #"{"kind":"DockerImage","apiVersion":"image.openshift.io/1.0","Id":"","Created":null,"ContainerConfig":{}}"#
        ),
        (
            DockerImagePre012(),
            #"{"kind":"DockerImage","apiVersion":"image.openshift.io/pre012","id":"","created":null,"container_config":{}}"#
        ),
    ]

    @Test("Empty values of each type", arguments: empty)
    func emptyValues(_ value: any APIType, _ text: String) {
        #expect(String(decoding: value.encodedBytes(), as: UTF8.self) == text)
    }

    @Test("A fresh stream and one with a failed import are written as in the specification")
    func examples() throws {
        for text in [
            #"{"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"php","namespace":"demo","uid":"6f1c","resourceVersion":"41","generation":1,"creationTimestamp":"2025-01-31T12:00:00Z"},"spec":{"lookupPolicy":{"local":false},"tags":[{"name":"8","annotations":null,"from":{"kind":"DockerImage","name":"quay.io/x/php:8"},"generation":1,"importPolicy":{"importMode":"Legacy"},"referencePolicy":{"type":"Source"}}]},"status":{"dockerImageRepository":""}}"#,
            #"{"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{},"spec":{"lookupPolicy":{"local":true}},"status":{"dockerImageRepository":"r","tags":[{"tag":"8","items":null,"conditions":[{"type":"ImportSuccess","status":"False","lastTransitionTime":"2025-01-31T12:00:05Z","reason":"NotFound","message":"dockerimage.image.openshift.io \"quay.io/x/php:8\" not found","generation":2}]}]}}"#,
        ] {
            var issues: [JSONIssue] = []
            let stream = try ImageStream.decode(Array(text.utf8), issues: &issues)
            #expect(issues.isEmpty)
            #expect(String(decoding: stream.jsonBytes(), as: UTF8.self) == text)
        }
    }

    @Test("An image keeps raw metadata compact and signature bytes as base64")
    func image() throws {
        let text =
            #"{"metadata":{"name":"sha256:a"},"dockerImageMetadata":{"Id":"x","n":[1,{"a":"\u003c"}]},"dockerImageMetadataVersion":"1.0","signatures":[{"metadata":{"name":"sha256:a@s"},"type":"atomic","content":"AAEC","signedClaims":{"a":"b"},"created":"2025-01-31T12:00:00Z","issuedBy":{"commonName":"c"},"issuedTo":{"publicKeyID":"k"}}],"dockerImageSignatures":["AA==",""]}"#
        let image = try Image.decode(Array(text.utf8))
        #expect(String(decoding: image.encodedBytes(), as: UTF8.self) == text)
        let spaced = try Image.decode(Array(#"{"dockerImageMetadata": { "a" : "<" } }"#.utf8))
        #expect(String(decoding: spaced.dockerImageMetadata.bytes, as: UTF8.self) == #"{"a":"\u003c"}"#)
    }
}

@Suite("Defaults and normal forms (image-resources 5)")
struct NormalFormTests {
    @Test("Tags are sorted by name, later duplicates win")
    func tags() {
        var stream = ImageStream()
        stream.spec.tags = [
            TagReference(name: "b"), TagReference(name: "a"),
            TagReference(name: "b", from: ObjectReference(name: "second")),
        ]
        stream.status.tags = [NamedTagEventList(tag: "b"), NamedTagEventList(tag: "B")]
        stream.spec.dockerImageRepository = "r:t"
        var normal = stream
        normal.normalize(repository: { String($0.prefix(1)) })
        #expect(normal.spec.tags.map(\.name) == ["a", "b"])
        #expect(normal.spec.tags[1].from?.name == "second")
        #expect(normal.status.tags.map(\.tag) == ["B", "b"])
        #expect(normal.spec.dockerImageRepository == "r")
        var again = normal
        again.normalize()
        #expect(again == normal)
    }

    @Test("Policies get their defaults, imports their tag")
    func defaults() {
        var stream = ImageStream()
        stream.spec.tags = [TagReference(), TagReference(referencePolicy: TagReferencePolicy(type: "Local"))]
        stream.applyDefaults(importMode: TagImportPolicy.legacy)
        #expect(stream.spec.tags.map(\.referencePolicy.type) == ["Source", "Local"])
        #expect(stream.spec.tags.map(\.importPolicy.importMode) == ["Legacy", "Legacy"])

        var imported = ImageStreamImport()
        imported.spec.images = [
            ImageImportSpec(from: ObjectReference(name: "x:1")), ImageImportSpec(from: ObjectReference(name: "x")),
            ImageImportSpec(from: ObjectReference(name: "x:1"), to: LocalObjectReference(name: "own")),
        ]
        imported.applyDefaults(importMode: "PreserveOriginal") { $0.contains(":") ? "1" : nil }
        #expect(imported.spec.images.map(\.to?.name) == ["1", nil, "own"])
        #expect(imported.spec.images.allSatisfy { $0.importPolicy.importMode == "PreserveOriginal" })
    }

    @Test("Image metadata is written again from what its version knows")
    func metadata() throws {
        var image = Image()
        try image.normalizeMetadata()
        #expect(image.dockerImageMetadataVersion == "1.0")
        #expect(
            String(decoding: image.dockerImageMetadata.bytes, as: UTF8.self)
                == #"{"kind":"DockerImage","apiVersion":"image.openshift.io/1.0","Id":"","Created":null,"ContainerConfig":{}}"#
        )

        image.dockerImageMetadata = RawJSON([
            "apiVersion": "1.0", "Id": "x", "odd": 1, "Config": ["ExposedPorts": ["80/tcp": [:]]],
        ])
        try image.normalizeMetadata()
        #expect(
            String(decoding: image.dockerImageMetadata.bytes, as: UTF8.self)
                == #"{"kind":"DockerImage","apiVersion":"image.openshift.io/1.0","Id":"x","Created":null,"ContainerConfig":{},"Config":{"ExposedPorts":{"80/tcp":{}}}}"#
        )
        #expect(try image.dockerImage().id == "x")

        image.dockerImageMetadata = RawJSON(["id": "old", "docker_version": "0.9"])
        image.dockerImageMetadataVersion = "pre012"
        #expect(try image.dockerImage().dockerVersion == "0.9")
        image.dockerImageMetadataVersion = "2.0"
        #expect(throws: ImageMetadataError.unknownVersion("2.0")) { try image.normalizeMetadata() }
        image.dockerImageMetadataVersion = "1.0"
        image.dockerImageMetadata = RawJSON(["Size": "big"])
        #expect(throws: ImageMetadataError.self) { try image.normalizeMetadata() }
    }
}
