import APIMachinery
import ImageAPI
import JSON
import Testing

@testable import ImageStreams

@Suite("The triggers of workloads")
struct ImageTriggersTests {
    static func annotation(_ entries: [(name: String, path: String)]) -> String {
        JSONValue.array(
            entries.map {
                ["from": ["kind": "ImageStreamTag", "name": .string($0.name)], "fieldPath": .string($0.path)]
            }
        ).description
    }

    static let deployment: JSONValue = [
        "spec": [
            "template": [
                "spec": [
                    "initContainers": [["name": "setup", "image": "old-setup"]],
                    "containers": [["name": "web", "image": "old"], ["name": "side", "image": "new@side"]],
                ]
            ]
        ]
    ]

    static func updates(_ text: String) throws -> [ImageTriggers.Update] {
        try ImageTriggers(parsing: text).updates(
            of: deployment, podSpecPath: ["spec", "template", "spec"], namespace: "demo"
        ) { namespace, stream, tag in
            stream == "missing" ? nil : namespace == "demo" ? "new@\(stream)" : "\(namespace)/new@\(stream):\(tag)"
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var path: String
        /// `pointer pullSpec`; nil where nothing changes.
        var update: String?
        var testDescription: String { "\(name) → \(path)" }
    }

    @Test(
        "follow the newest image of their tag",
        arguments: [
            Case(
                name: "php:8", path: #"spec.template.spec.containers[?(@.name=="web")].image"#,
                update: "/spec/template/spec/containers/0/image new@php"),
            Case(
                name: "php:8", path: "spec.template.spec.containers[1].image",
                update: "/spec/template/spec/containers/1/image new@php"),
            Case(name: "side:8", path: "spec.template.spec.containers[1].image", update: nil),
            Case(
                name: "php:8", path: "spec.template.spec.initContainers[0].image",
                update: "/spec/template/spec/initContainers/0/image new@php"),
            // A name is looked for among init containers first, whatever the path says.
            Case(
                name: "php:8", path: #"spec.template.spec.containers[?(@.name=="setup")].image"#,
                update: "/spec/template/spec/initContainers/0/image new@php"),
            Case(name: "missing:8", path: "spec.template.spec.containers[0].image", update: nil),
            Case(name: "php", path: "spec.template.spec.containers[0].image", update: nil),
            Case(name: "a:b:c", path: "spec.template.spec.containers[0].image", update: nil),
            Case(name: "php:8", path: "spec.containers[0].image", update: nil),
            Case(name: "php:8", path: "", update: nil),
        ])
    func follow(_ test: Case) throws {
        let updates = try Self.updates(Self.annotation([(test.name, test.path)]))
        #expect(updates.map { "\($0.pointer) \($0.pullSpec)" } == [test.update].compactMap { $0 })
    }

    @Test(
        "a path that names no container keeps the object from being updated",
        arguments: [
            ("containers[0]", true), ("containers[0].name", true), ("containers.image", true),
            ("volumes[0].image", true),
            ("containers[-1].image", true), ("containers[].image", true),
            ("containers[99999999999999999999].image", true),
            (#"containers[?(@.name=='web')].image"#, true), (#"containers[?(@.name=="].image"#, true),
            ("containers[7].image", false), (#"containers[?(@.name=="none")].image"#, false),
            (#"containers[?(@.name=="")].image"#, false),
        ])
    func wrongPaths(_ end: String, isInvalid: Bool) {
        let path = "spec.template.spec.\(end)"
        let good = "spec.template.spec.containers[0].image"
        let error = #expect(throws: ImageTriggers.Failure.self) {
            try Self.updates(Self.annotation([("php:8", good), ("php:8", path)]))
        }
        #expect(error == (isInvalid ? .invalidPath(path) : .noSuchContainer(path)))
    }

    @Test("paused ones and those of other kinds are ignored, members that are not known as well")
    func ignored() throws {
        let text = """
            [{"from":{"kind":"ImageStreamTag","name":"php:8"},"fieldPath":"spec.template.spec.containers[0].image","paused":true},
             {"from":{"kind":"DockerImage","name":"php:8"},"fieldPath":"spec.template.spec.containers[0].image "},
             {"from":{"kind":"ImageStreamTag","apiVersion":"v1","name":"php:8"},"fieldPath":"x"},
             {"from":{"kind":"ImageStreamTag","name":"php:8","namespace":"images"},"pause":"1",
              "fieldPath":"spec.template.spec.containers[1].image"}]
            """
        #expect(
            try Self.updates(text) == [
                .init(pointer: "/spec/template/spec/containers/1/image", pullSpec: "images/new@php:8")
            ])
    }

    @Test(
        "an annotation that cannot be read is an error",
        arguments: [
            "", "{}", "7", #"[{"paused":"true"}]"#, #"["x"]"#, #"[{"from":"x"}]"#, #"[{"fieldPath":7}]"#,
            #"[{"fieldPath":"a"},{"fieldPath":"a"}]"#,
        ])
    func undecodable(_ text: String) {
        #expect(throws: ImageTriggers.Failure.self) { try ImageTriggers(parsing: text) }
    }

    struct PullSpecCase: Sendable {
        var policy: String?
        var repository: String
        var image: String
        var registry = "registry.svc:5000"
        var expected: String
    }

    @Test(
        "the pull spec of a tag follows its reference policy",
        arguments: [
            PullSpecCase(
                policy: "Source", repository: "r/web/app", image: "sha256:D", expected: "quay.io/o/app@sha256:D"),
            PullSpecCase(
                policy: "Local", repository: "registry.svc:5000/web/app", image: digest("1"),
                expected: "registry.svc:5000/web/app@\(digest("1"))"),
            PullSpecCase(
                policy: "Local", repository: "", image: digest("1"),
                expected: "registry.svc:5000/web/app@\(digest("1"))"),
            PullSpecCase(
                policy: "Local", repository: "", image: digest("1"), registry: "", expected: "quay.io/o/app@sha256:D"),
            PullSpecCase(
                policy: "Local", repository: "registry.svc:5000/web/app", image: "", expected: "quay.io/o/app@sha256:D"),
            PullSpecCase(
                policy: nil, repository: "registry.svc:5000/web/app", image: digest("1"),
                expected: "quay.io/o/app@sha256:D"),
        ])
    func pullSpecs(_ test: PullSpecCase) {
        var stream = ImageStream()
        stream.metadata.name = "app"
        stream.metadata.namespace = "web"
        stream.status.dockerImageRepository = test.repository
        if let policy = test.policy {
            var tag = TagReference(name: "latest")
            tag.referencePolicy.type = policy
            stream.spec.tags = [tag]
        }
        stream.status.addEvent(
            TagEvent(dockerImageReference: "quay.io/o/app@sha256:D", image: test.image), to: "latest")
        #expect(
            ImageTriggers.pullSpec(of: stream, tag: "latest", internalRegistry: test.registry) == test.expected)
        #expect(ImageTriggers.pullSpec(of: stream, tag: "none", internalRegistry: test.registry) == nil)
    }
}
