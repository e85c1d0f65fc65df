import APIServer
import Foundation
import ImageAPI
import JSON
import Testing

@testable import APIMachinery
@testable import ImageStreams

@Suite("The image policy")
struct ImagePolicyTests {
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
            Case("mysql", PolicyWorld.mysql), Case("mysql:latest", PolicyWorld.mysql),
            Case("mysql:5.7", "registry:5000/demo/mysql:5.7"),
            Case("private"), Case("private:none"), Case("missing"), Case("docker.io/library/mysql"), Case("demo/mysql"),
            // Full names of the own registry are known, but not written anew without being asked to.
            Case("registry:5000/demo/private:latest"), Case("registry:5000/other/app:v1"),
            Case("registry:5000/demo/mysql@\(digest("1"))"), Case("mysql@\(digest("9"))"), Case("A b"), Case(""),
        ])
    func localNames(_ test: Case) async throws {
        try await PolicyWorld.world { (world) async throws in
            let verdict = try await PolicyWorld.ask(world, PolicyWorld.pod([test.image]))
            #expect(verdict.isAllowed)
            #expect(verdict.images == [test.becomes ?? test.image])
        }
    }

    @Test("a referencePolicy of Local leads to the own registry")
    func referencePolicy() async throws {
        try await PolicyWorld.world { (world) async throws in
            try await world.edit("mysql") { stream in
                var tag = TagReference(name: "latest")
                tag.referencePolicy.type = "Local"
                stream.spec.tags = [tag]
            }
            let verdict = try await PolicyWorld.ask(world, PolicyWorld.pod(["mysql"]))
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
        try await PolicyWorld.world { (world) async throws in
            let verdict = try await PolicyWorld.ask(
                world, object, kind: test.kind, group: test.group, resource: test.resource)
            #expect(verdict.images == [PolicyWorld.mysql, PolicyWorld.mysql])
            let after = test.path.reduce(Optional(verdict.patched)) { $0?[$1] }
            #expect(after?["ephemeralContainers"]?.arrayValue?.first?["image"]?.stringValue == "mysql")
        }
    }

    @Test("resources that no rule covers, subresources, deletions and what a controller made are left alone")
    func leftAlone() async throws {
        var controlled = PolicyWorld.pod(["mysql"])
        controlled["metadata"] = ["ownerReferences": [["kind": "ReplicaSet", "controller": true]]]
        try await PolicyWorld.world { (world) async throws in
            #expect(try await PolicyWorld.ask(world, controlled).images == ["mysql"])
            #expect(
                try await PolicyWorld.ask(world, PolicyWorld.pod(["mysql"]), operation: "DELETE").images == ["mysql"])
            let template: JSONValue = ["spec": ["template": PolicyWorld.pod(["mysql"])]]
            let knative = ("Service", "serving.knative.dev", "services")
            #expect(
                try await PolicyWorld.ask(world, template, kind: knative.0, group: knative.1, resource: knative.2)
                    .images
                    == ["mysql"])
        }
        let policy = try ImagePolicyConfiguration(
            yaml: """
                apiVersion: image.openshift.io/v1
                kind: ImagePolicyConfig
                resolutionRules:
                - {targetResource: {group: serving.knative.dev, resource: "*"}, localNames: true}
                """)
        try await PolicyWorld.world(policy) { (world) async throws in
            let template: JSONValue = ["spec": ["template": PolicyWorld.pod(["mysql"])]]
            let verdict = try await PolicyWorld.ask(
                world, template, kind: "Service", group: "serving.knative.dev", resource: "services")
            #expect(verdict.images == [PolicyWorld.mysql])
            // Without a place for images nobody can say what it would run.
            let none = try await PolicyWorld.ask(
                world, ["spec": .null], kind: "Route", group: "serving.knative.dev", resource: "routes")
            #expect(!none.isAllowed && none.status?.code == 403)
        }
    }

    @Test("an update looks at the containers that changed; jobs are never rewritten then")
    func updates() async throws {
        try await PolicyWorld.world { (world) async throws in
            let old = PolicyWorld.pod(["mysql", "busybox"])
            let same = try await PolicyWorld.ask(
                world, PolicyWorld.pod(["mysql", "mysql"]), operation: "UPDATE", old: old)
            #expect(same.images == ["mysql", PolicyWorld.mysql])
            let asked = try await PolicyWorld.ask(
                world, PolicyWorld.pod(["mysql", "busybox"], annotations: [KnownAnnotation.resolveNames: "*"]),
                operation: "UPDATE", old: old)
            #expect(asked.images == [PolicyWorld.mysql, "busybox"])
            let job: JSONValue = ["spec": ["template": PolicyWorld.pod(["mysql"])]]
            let kept = try await PolicyWorld.ask(
                world, job, kind: "Job", group: "batch", resource: "jobs", operation: "UPDATE", old: .null)
            #expect(kept.images == ["mysql"])
        }
    }

    @Test("an object that asks for it has all its names resolved in its own namespace")
    func resolveNames() async throws {
        try await PolicyWorld.world { (world) async throws in
            let template: JSONValue = [
                "spec": [
                    "template": PolicyWorld.pod(
                        [
                            "private", "elsewhere:5000/test/mysql:latest", "mysql:none", "x/none",
                            "quay.io/a@\(digest("1"))",
                        ],
                        annotations: [KnownAnnotation.resolveNames: "*"])
                ]
            ]
            let verdict = try await PolicyWorld.ask(
                world, template, kind: "Deployment", group: "apps", resource: "deployments")
            #expect(
                verdict.images == [
                    "quay.io/x/private@\(digest("2"))", PolicyWorld.mysql, "registry:5000/demo/mysql:none", "x/none",
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
        try await PolicyWorld.world(policy) { (world) async throws in
            let spec = try await PolicyWorld.ask(
                world, build, kind: "Build", group: "build.openshift.io", resource: "builds"
            ).patched["spec"]
            let from = spec?["strategy"]?["sourceStrategy"]?["from"]
            #expect(from == ["kind": "DockerImage", "name": .string("quay.io/x/app@\(digest("3"))")])
            let source = spec?["source"]?["images"]?.arrayValue?.first?["from"]
            #expect(source == ["kind": "DockerImage", "name": .string(PolicyWorld.mysql)])
            #expect(spec?["output"] == build["spec"]?["output"])
        }
    }
}
