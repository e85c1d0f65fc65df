import JSON
import Testing

@Suite("Beyond the image API")
struct TagHistoryTests {
    private static func push(_ api: API, _ digit: Character, to tag: String) async throws {
        let digest = "sha256:" + String(repeating: digit, count: 64)
        let answer = try await api.post(
            "/apis/image.openshift.io/v1/namespaces/p/imagestreammappings",
            #"{"kind":"ImageStreamMapping","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},"tag":"\#(tag)","#
                + #""image":{"metadata":{"name":"\#(digest)"},"dockerImageReference":"quay.io/x/app@\#(digest)"}}"#)
        guard answer.status == 201 else { throw TestFailure("mapping: \(answer.text)") }
    }

    @Test("kubectl shows the history of a tag, one line an event, also after a restart and the end of the stream")
    func history() async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/data"
        try await WeirProcess.run(directory) { _, api in
            try await api.createNamespace("p")
            _ = try await api.createStream("app", in: "p")
            for digit in "123" { try await Self.push(api, digit, to: "v1") }
        }
        try await WeirProcess.run(directory) { server, api in
            #expect(try await api.send("DELETE", API.streams("p") + "/app").status == 200)
            let kubectl = try await Kubectl(server, namespace: "p")
            let lines = try await kubectl("get", "taghistory", "app:v1").split(separator: "\n")
            #expect(lines.first?.split(separator: " ").map(String.init) == ["AGE", "EVENT", "IMAGE", "ACTOR", "CAUSE"])
            let rows = lines.dropFirst().map { $0.split(separator: " ").map(String.init) }
            #expect(rows.map { $0[1] } == ["TagMoved", "TagMoved", "TagCreated"])
            #expect(rows.map { $0[2].last } == ["3", "2", "1"])
            #expect(rows.allSatisfy { $0[3...] == ["system:admin", "push"] })
            let history = try await kubectl.json("get", "taghistory", "app:v1")
            #expect(history["entries"]?.arrayValue?.first?["from"]?["image"]?.stringValue?.hasSuffix("2") == true)
            let missing = try await kubectl.attempt(["get", "taghistory", "app:none"])
            #expect(missing.errors.contains(#"taghistories.weir.dev "app:none" not found"#))
        }
    }

    @Test("the image policy answers whom it is told to answer")
    func imagePolicy() async throws {
        let review = """
            {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"1",
            "kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},
            "namespace":"p","name":"web","operation":"CREATE",
            "object":{"spec":{"containers":[{"name":"c","image":"app:v1"}]}}}}
            """
        for isPublic in [false, true] {
            try await WeirProcess.run(nil, isPublic ? ["--image-policy-public"] : []) { _, api in
                try await api.createNamespace("p")
                _ = try await api.createStream("app", in: "p")
                try await Self.push(api, "1", to: "v1")
                let patch = #"{"spec":{"lookupPolicy":{"local":true}}}"#
                let patched = try await api.send(
                    "PATCH", API.streams("p") + "/app", Array(patch.utf8), type: "application/merge-patch+json")
                #expect(patched.status == 200)
                let answer = try await api.post("/admission/imagepolicy", review)
                #expect(try answer.json().at("response.allowed")?.boolValue == true)
                #expect(answer.text(at: "response.patchType") == "JSONPatch")
                var stranger = api
                stranger.token = nil
                #expect(try await stranger.post("/admission/imagepolicy", review).status == (isPublic ? 200 : 403))
                #expect(try await stranger.post("/admission/other", review).status == 403)
            }
        }
    }

    @Test("an image policy that means nothing keeps the server from starting, with the reason")
    func wrongPolicy() async throws {
        let scratch = try Scratch()
        let failure = await #expect(throws: TestFailure.self) {
            try await WeirProcess.run(scratch.path + "/data", ["--image-policy", "/nonexistent.yaml"]) { _, _ in }
        }
        #expect("\(failure.map { "\($0)" } ?? "")".contains("the image policy /nonexistent.yaml cannot be read"))
    }
}
