import APIServer
import Foundation
import ImageAPI
import JSON
import Testing

@testable import APIMachinery
@testable import ImageStreams

@Suite("What the image policy refuses")
struct ImagePolicyVerdictTests {
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
        try await PolicyWorld.world(policy) { (world) async throws in
            let verdict = try await PolicyWorld.ask(world, PolicyWorld.pod(["mysql", denied, denied]))
            #expect(!verdict.isAllowed)
            #expect(verdict.status?.code == 422)
            #expect(
                verdict.status?.message
                    == #"Pod "thing" is invalid: spec.containers[1].image: Forbidden: this image is prohibited by policy"#
            )
            #expect(try await PolicyWorld.ask(world, PolicyWorld.pod(["unknown.example.com/x"])).isAllowed)
        }
        try await PolicyWorld.world(policy, annotations: [KnownAnnotation.ignoredPolicyRules: "a,execution-denied"]) {
            (world) async throws in
            #expect(try await PolicyWorld.ask(world, PolicyWorld.pod([denied])).isAllowed)
        }
    }

    @Test("where resolution is required, what cannot be resolved is refused with the reason")
    func required() async throws {
        try await PolicyWorld.world(ImagePolicyConfiguration(resolveImages: .requiredRewrite)) { (world) async throws in
            let verdict = try await PolicyWorld.ask(world, PolicyWorld.pod(["docker.io/library/mysql:8"]))
            #expect(
                verdict.status?.message
                    == #"Pod "thing" is invalid: spec.containers[0].image: Forbidden: this image is prohibited by policy: (docker.io/library/mysql:8) could not be resolved to an exact image reference"#
            )
        }
    }

    @Test("a validating webhook refuses what would have to be changed, and lets the rest pass")
    func validating() async throws {
        try await PolicyWorld.world { (world) async throws in
            let late = try await PolicyWorld.ask(
                world, PolicyWorld.pod(["mysql"]), path: ImagePolicyWebhook.validatingPath)
            #expect(
                late.status?.details?.causes.first?.message
                    == "Forbidden: this image is prohibited by policy (changed after admission)")
            #expect(
                try await PolicyWorld.ask(
                    world, PolicyWorld.pod([PolicyWorld.mysql]), path: ImagePolicyWebhook.validatingPath
                ).isAllowed)
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
        try await PolicyWorld.world(policy) { (world) async throws in
            for (image, isAllowed) in [
                ("registry:5000/demo/nothing:1", true), ("registry.redhat.io/a/b", true), ("quay.io/x/mysql", false),
                ("docker.io/a/b", false),
                ("mysql", true),
            ] {
                #expect(try await PolicyWorld.ask(world, PolicyWorld.pod([image])).isAllowed == isAllowed, "\(image)")
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
        try await PolicyWorld.world { (world) async throws in
            let error = await failure { try await PolicyWorld.respond(world, Array(body.utf8)) }
            #expect(error?.code == 400)
        }
    }

    @Test("objects of odd shapes are let through or refused, never more")
    func oddShapes() async throws {
        try await PolicyWorld.world { (world) async throws in
            let shapes: [JSONValue] = [
                "text", 7, [], ["spec": 1], ["spec": ["containers": ["image"]]],
                ["spec": ["containers": [["image": 5]]]],
                ["metadata": ["annotations": []], "spec": ["containers": [.null]]],
            ]
            for shape in shapes { #expect(try await PolicyWorld.ask(world, shape).isAllowed) }
            let full = PolicyWorld.pod(Array(repeating: "busybox", count: WorkloadImages.maximum))
            #expect(try await PolicyWorld.ask(world, full).isAllowed)
            // Also where it is only what there was before that is large: it is compared with.
            let crowd = PolicyWorld.pod(Array(repeating: "mysql", count: 200_000))
            #expect(try await PolicyWorld.ask(world, crowd).status?.code == 403)
            let shrunk = try await PolicyWorld.ask(world, PolicyWorld.pod(["mysql"]), operation: "UPDATE", old: crowd)
            #expect(shrunk.status?.code == 403)
        }
        try await PolicyWorld.world { (world) async throws in
            #expect(await failure { try await PolicyWorld.respond(world, [], method: "GET") }?.code == 405)
            let large = [UInt8](repeating: 0x20, count: 9 * 1024 * 1024)
            #expect(await failure { try await PolicyWorld.respond(world, large) }?.code == 413)
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
