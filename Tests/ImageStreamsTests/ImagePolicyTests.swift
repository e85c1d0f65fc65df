import APIServer
import Foundation
import ImageAPI
import JSON
import Testing

@testable import APIMachinery
@testable import ImageStreams

@Suite("The image policy")
struct ImagePolicyTests {
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
            try await world.push("1", to: "latest", of: "mysql", reference: Self.mysql)
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

    // MARK: Resolution

    struct Case: Sendable, CustomTestStringConvertible {
        var image: String
        /// Nil for the same.
        var becomes: String?
        init(_ image: String, _ becomes: String? = nil) {
            self.image = image
            self.becomes = becomes
        }
        var testDescription: String { image }
    }

    @Test(
        "names of streams that lend them are replaced by their images, all else stays",
        arguments: [
            Case("mysql", mysql), Case("mysql:latest", mysql), Case("mysql:5.7", "registry:5000/demo/mysql:5.7"),
            Case("private"), Case("private:none"), Case("missing"), Case("docker.io/library/mysql"), Case("demo/mysql"),
            // Full names of the own registry are known, but not written anew without being asked to.
            Case("registry:5000/demo/private:latest"), Case("registry:5000/other/app:v1"),
            Case("registry:5000/demo/mysql@\(digest("1"))"), Case("mysql@\(digest("9"))"), Case("A b"), Case(""),
        ])
    func localNames(_ test: Case) async throws {
        try await Self.world { (world) async throws in
            let verdict = try await Self.ask(world, Self.pod([test.image]))
            #expect(verdict.isAllowed)
            #expect(verdict.images == [test.becomes ?? test.image])
        }
    }

    @Test("a referencePolicy of Local leads to the own registry")
    func referencePolicy() async throws {
        try await Self.world { (world) async throws in
            try await world.edit("mysql") { stream in
                var tag = TagReference(name: "latest")
                tag.referencePolicy.type = "Local"
                stream.spec.tags = [tag]
            }
            let verdict = try await Self.ask(world, Self.pod(["mysql"]))
            #expect(verdict.images == ["registry:5000/demo/mysql@\(digest("1"))"])
        }
    }

    struct Kind: Sendable, CustomTestStringConvertible {
        var kind: String
        var group: String
        var resource: String
        var path: [String]
        var testDescription: String { kind }
    }

    @Test(
        "every kind of workload is rewritten where its pods are described",
        arguments: [
            Kind(kind: "Pod", group: "", resource: "pods", path: ["spec"]),
            Kind(
                kind: "ReplicationController", group: "", resource: "replicationcontrollers",
                path: ["spec", "template", "spec"]),
            Kind(kind: "Deployment", group: "apps", resource: "deployments", path: ["spec", "template", "spec"]),
            Kind(kind: "StatefulSet", group: "apps", resource: "statefulsets", path: ["spec", "template", "spec"]),
            Kind(kind: "DaemonSet", group: "apps", resource: "daemonsets", path: ["spec", "template", "spec"]),
            Kind(kind: "ReplicaSet", group: "apps", resource: "replicasets", path: ["spec", "template", "spec"]),
            Kind(kind: "Job", group: "batch", resource: "jobs", path: ["spec", "template", "spec"]),
            Kind(
                kind: "CronJob", group: "batch", resource: "cronjobs",
                path: ["spec", "jobTemplate", "spec", "template", "spec"]),
        ])
    func kinds(_ test: Kind) async throws {
        let podSpec: JSONValue = [
            "initContainers": [["name": "i", "image": "mysql"]],
            "containers": [["name": "c", "image": "mysql:latest"]],
            "ephemeralContainers": [["name": "e", "image": "mysql"]],
        ]
        let object = test.path.reversed().reduce(podSpec) { [$1: $0] }
        try await Self.world { (world) async throws in
            let verdict = try await Self.ask(
                world, object, kind: test.kind, group: test.group, resource: test.resource)
            #expect(verdict.images == [Self.mysql, Self.mysql])
            let after = test.path.reduce(Optional(verdict.patched)) { $0?[$1] }
            #expect(after?["ephemeralContainers"]?.arrayValue?.first?["image"]?.stringValue == "mysql")
        }
    }

    @Test("resources that no rule covers, subresources, deletions and what a controller made are left alone")
    func leftAlone() async throws {
        var controlled = Self.pod(["mysql"])
        controlled["metadata"] = ["ownerReferences": [["kind": "ReplicaSet", "controller": true]]]
        try await Self.world { (world) async throws in
            #expect(try await Self.ask(world, controlled).images == ["mysql"])
            #expect(try await Self.ask(world, Self.pod(["mysql"]), operation: "DELETE").images == ["mysql"])
            let template: JSONValue = ["spec": ["template": Self.pod(["mysql"])]]
            let knative = ("Service", "serving.knative.dev", "services")
            #expect(
                try await Self.ask(world, template, kind: knative.0, group: knative.1, resource: knative.2).images
                    == ["mysql"])
        }
        let policy = try ImagePolicyConfiguration(
            yaml: """
                apiVersion: image.openshift.io/v1
                kind: ImagePolicyConfig
                resolutionRules:
                - {targetResource: {group: serving.knative.dev, resource: "*"}, localNames: true}
                """)
        try await Self.world(policy) { (world) async throws in
            let template: JSONValue = ["spec": ["template": Self.pod(["mysql"])]]
            let verdict = try await Self.ask(
                world, template, kind: "Service", group: "serving.knative.dev", resource: "services")
            #expect(verdict.images == [Self.mysql])
            // Without a place for images nobody can say what it would run.
            let none = try await Self.ask(
                world, ["spec": .null], kind: "Route", group: "serving.knative.dev", resource: "routes")
            #expect(!none.isAllowed && none.status?.code == 403)
        }
    }

    @Test("an update looks at the containers that changed; jobs are never rewritten then")
    func updates() async throws {
        try await Self.world { (world) async throws in
            let old = Self.pod(["mysql", "busybox"])
            let same = try await Self.ask(world, Self.pod(["mysql", "mysql"]), operation: "UPDATE", old: old)
            #expect(same.images == ["mysql", Self.mysql])
            let asked = try await Self.ask(
                world, Self.pod(["mysql", "busybox"], annotations: [KnownAnnotation.resolveNames: "*"]),
                operation: "UPDATE", old: old)
            #expect(asked.images == [Self.mysql, "busybox"])
            let job: JSONValue = ["spec": ["template": Self.pod(["mysql"])]]
            let kept = try await Self.ask(
                world, job, kind: "Job", group: "batch", resource: "jobs", operation: "UPDATE", old: .null)
            #expect(kept.images == ["mysql"])
        }
    }

    @Test("an object that asks for it has all its names resolved in its own namespace")
    func resolveNames() async throws {
        try await Self.world { (world) async throws in
            let template: JSONValue = [
                "spec": [
                    "template": Self.pod(
                        [
                            "private", "elsewhere:5000/test/mysql:latest", "mysql:none", "x/none",
                            "quay.io/a@\(digest("1"))",
                        ],
                        annotations: [KnownAnnotation.resolveNames: "*"])
                ]
            ]
            let verdict = try await Self.ask(
                world, template, kind: "Deployment", group: "apps", resource: "deployments")
            #expect(
                verdict.images == [
                    "quay.io/x/private@\(digest("2"))", Self.mysql, "registry:5000/demo/mysql:none", "x/none",
                    "quay.io/a@\(digest("1"))",
                ])
        }
    }

    @Test("builds have their references replaced by pull specs, and keep where they push to")
    func builds() async throws {
        let build: JSONValue = [
            "spec": [
                "source": [
                    "images": [["from": ["kind": "ImageStreamImage", "name": .string("mysql@\(digest("1"))")]]]
                ],
                "strategy": [
                    "sourceStrategy": ["from": ["kind": "ImageStreamTag", "name": "app:v1", "namespace": "other"]]
                ],
                "output": ["to": ["kind": "ImageStreamTag", "name": "mysql:latest"]],
            ]
        ]
        let policy = ImagePolicyConfiguration(
            resolutionRules: [
                .init(
                    target: GroupResource(group: "build.openshift.io", resource: "builds"), policy: .attemptRewrite,
                    localNames: false)
            ])
        try await Self.world(policy) { (world) async throws in
            let spec = try await Self.ask(
                world, build, kind: "Build", group: "build.openshift.io", resource: "builds"
            ).patched["spec"]
            let from = spec?["strategy"]?["sourceStrategy"]?["from"]
            #expect(from == ["kind": "DockerImage", "name": .string("quay.io/x/app@\(digest("3"))")])
            let source = spec?["source"]?["images"]?.arrayValue?.first?["from"]
            #expect(source == ["kind": "DockerImage", "name": .string(Self.mysql)])
            #expect(spec?["output"] == build["spec"]?["output"])
        }
    }

    // MARK: Verdicts

    static let denyExecution = """
        apiVersion: image.openshift.io/v1
        kind: ImagePolicyConfig
        executionRules:
        - name: execution-denied
          onResources: [{resource: pods}]
          reject: true
          matchImageAnnotations: [{key: images.openshift.io/deny-execution, value: "true"}]
          skipOnResolutionFailure: true
        """

    @Test("an image that may not run is refused at its field, once however often it is named")
    func refused() async throws {
        let policy = try ImagePolicyConfiguration(yaml: Self.denyExecution)
        let denied = "registry:5000/demo/private"
        try await Self.world(policy) { (world) async throws in
            let verdict = try await Self.ask(world, Self.pod(["mysql", denied, denied]))
            #expect(!verdict.isAllowed)
            #expect(verdict.status?.code == 422)
            #expect(
                verdict.status?.message
                    == #"Pod "thing" is invalid: spec.containers[1].image: Forbidden: this image is prohibited by policy"#
            )
            #expect(try await Self.ask(world, Self.pod(["unknown.example.com/x"])).isAllowed)
        }
        try await Self.world(policy, annotations: [KnownAnnotation.ignoredPolicyRules: "a,execution-denied"]) {
            (world) async throws in
            #expect(try await Self.ask(world, Self.pod([denied])).isAllowed)
        }
    }

    @Test("where resolution is required, what cannot be resolved is refused with the reason")
    func required() async throws {
        try await Self.world(ImagePolicyConfiguration(resolveImages: .requiredRewrite)) { (world) async throws in
            let verdict = try await Self.ask(world, Self.pod(["docker.io/library/mysql:8"]))
            #expect(
                verdict.status?.message
                    == #"Pod "thing" is invalid: spec.containers[0].image: Forbidden: this image is prohibited by policy: (docker.io/library/mysql:8) could not be resolved to an exact image reference"#
            )
        }
    }

    @Test("a validating webhook refuses what would have to be changed, and lets the rest pass")
    func validating() async throws {
        try await Self.world { (world) async throws in
            let late = try await Self.ask(world, Self.pod(["mysql"]), path: ImagePolicyWebhook.validatingPath)
            #expect(
                late.status?.details?.causes.first?.message
                    == "Forbidden: this image is prohibited by policy (changed after admission)")
            #expect(
                try await Self.ask(world, Self.pod([Self.mysql]), path: ImagePolicyWebhook.validatingPath).isAllowed)
        }
    }

    @Test("rules that let images in refuse all others")
    func letIn() async throws {
        let policy = try ImagePolicyConfiguration(
            yaml: """
                apiVersion: image.openshift.io/v1
                kind: ImagePolicyConfig
                executionRules:
                - {name: own, matchIntegratedRegistry: true}
                - {name: red-hat, matchRegistries: [registry.redhat.io]}
                """)
        try await Self.world(policy) { (world) async throws in
            for (image, isAllowed) in [
                ("registry:5000/demo/nothing:1", true), ("registry.redhat.io/a/b", true), ("quay.io/x/mysql", false),
                ("docker.io/a/b", false),
                ("mysql", true),
            ] {
                #expect(try await Self.ask(world, Self.pod([image])).isAllowed == isAllowed, "\(image)")
            }
        }
    }

    // MARK: Bad input

    @Test(
        "what is no review is refused with 400",
        arguments: [
            "", "{", "[]", "{}",
            #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"u"}}"#,
            #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}"#,
            #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","object":{}}}"#,
        ])
    func malformed(_ body: String) async throws {
        try await Self.world { (world) async throws in
            let error = await failure { try await Self.respond(world, Array(body.utf8)) }
            #expect(error?.code == 400)
        }
    }

    @Test("objects of odd shapes are let through or refused, never more")
    func oddShapes() async throws {
        try await Self.world { (world) async throws in
            let shapes: [JSONValue] = [
                "text", 7, [], ["spec": 1], ["spec": ["containers": ["image"]]],
                ["spec": ["containers": [["image": 5]]]],
                ["metadata": ["annotations": []], "spec": ["containers": [.null]]],
            ]
            for shape in shapes { #expect(try await Self.ask(world, shape).isAllowed) }
            let full = Self.pod(Array(repeating: "busybox", count: WorkloadImages.maximum))
            #expect(try await Self.ask(world, full).isAllowed)
            // Also where it is only what there was before that is large: it is compared with.
            let crowd = Self.pod(Array(repeating: "mysql", count: 200_000))
            #expect(try await Self.ask(world, crowd).status?.code == 403)
            let shrunk = try await Self.ask(world, Self.pod(["mysql"]), operation: "UPDATE", old: crowd)
            #expect(shrunk.status?.code == 403)
        }
        try await Self.world { (world) async throws in
            #expect(await failure { try await Self.respond(world, [], method: "GET") }?.code == 405)
            let large = [UInt8](repeating: 0x20, count: 9 * 1024 * 1024)
            #expect(await failure { try await Self.respond(world, large) }?.code == 413)
        }
    }

    @Test(
        "a configuration that means nothing is refused with its faults",
        arguments: [
            ("kind: ImagePolicyConfig", "apiVersion: must be image.openshift.io/v1"),
            ("resolveImages: Always", #"resolveImages: "Always" is none of"#),
            ("resolutionRules: [{policy: Attempt}]", "resolutionRules[0].targetResource: must be an object"),
            ("executionRules: [{reject: yes please}]", "executionRules[0].name: every rule needs a name"),
            ("executionRules: [{name: a}, {name: a}]", #"executionRules[1].name: "a" is there twice"#),
            ("more: 1", "more: unknown field"),
        ])
    func configurationFaults(_ text: String, _ fault: String) {
        let head = "apiVersion: image.openshift.io/v1\nkind: ImagePolicyConfig\n"
        let error = #expect(throws: ImagePolicyConfiguration.Invalid.self) {
            try ImagePolicyConfiguration(yaml: text.hasPrefix("kind") ? text : head + text)
        }
        #expect(error?.description.contains(fault) == true, "\(error?.description ?? "")")
    }
}
