import JSON
import Testing

@Suite("Retention with kubectl")
struct RetentionTests {
    private static func push(_ api: API, _ digits: String, to tag: String, of stream: String = "app") async throws {
        for digit in digits {
            let digest = "sha256:" + String(repeating: digit, count: 64)
            let answer = try await api.post(
                "/apis/image.openshift.io/v1/namespaces/p/imagestreammappings",
                #"{"kind":"ImageStreamMapping","apiVersion":"image.openshift.io/v1","metadata":{"name":"\#(stream)"},"#
                    + #""tag":"\#(tag)","image":{"metadata":{"name":"\#(digest)"},"#
                    + #""dockerImageLayers":[{"name":"\#(digest)","size":1000,"mediaType":"x"}],"#
                    + #""dockerImageReference":"quay.io/x/app@\#(digest)"}}"#)
            guard answer.status == 201 else { throw TestFailure("mapping: \(answer.text)") }
        }
    }

    private static func images(_ kubectl: Kubectl, _ tag: Int = 0, of stream: String = "app") async throws -> [String] {
        let stream = try await kubectl.json("get", "imagestream", stream)
        let tags = stream["status"]?["tags"]?.arrayValue?.elements ?? []
        guard tags.indices.contains(tag) else { return [] }
        return (tags[tag]["items"]?.arrayValue?.elements ?? []).map {
            String($0["image"]?.stringValue?.suffix(1) ?? "")
        }
    }

    private static func policy(_ name: String, _ spec: String) -> String {
        #"{"apiVersion":"weir.dev/v1alpha1","kind":"RetentionPolicy","metadata":{"name":"\#(name)"},"spec":\#(spec)}"#
    }

    private static func preview(_ spec: String) -> String {
        #"{"apiVersion":"weir.dev/v1alpha1","kind":"RetentionPreview","spec":\#(spec)}"#
    }

    @Test("a policy is tried out, made, acts on its schedule, is shown with what it did, and stops when it is deleted")
    func life() async throws {
        try await WeirProcess.run(nil, ["--retention-interval-seconds", "1"]) { server, api in
            try await api.createNamespace("p")
            _ = try await api.createStream("app", in: "p")
            try await Self.push(api, "12345", to: "v1")
            let kubectl = try await Kubectl(server, namespace: "p")

            // Without a policy nothing goes, and a preview says so.
            let nothing = try await kubectl("create", "-f", "-", "-o", "json", input: Self.preview("{}"))
            #expect(try JSONValue.parse(Array(nothing.utf8))["status"]?["removals"]?.arrayValue?.isEmpty == true)

            let rules = #"{"rules":{"keep":{"revisions":2},"tags":["v*"]}}"#
            let tried = try await kubectl("create", "-f", "-", "-o", "json", input: Self.preview(rules))
            let status = try JSONValue.parse(Array(tried.utf8))["status"]
            #expect(status?["result"]?["revisions"]?.integerValue == 3)
            #expect(status?["result"]?["bytes"]?.integerValue == 3_000)
            #expect(try await Self.images(kubectl) == ["5", "4", "3", "2", "1"])

            let spec = #"{"keep":{"revisions":2},"tags":["v*"],"interval":"1s"}"#
            try await kubectl("create", "-f", "-", input: Self.policy("recent", spec))
            try await eventually("the first run") { try await Self.images(kubectl) == ["5", "4"] }
            try await eventually("its status") {
                try await kubectl.json("get", "retention", "recent").at("status.total.revisions")?.integerValue == 3
            }
            let table = try await kubectl("get", "retentionpolicies").split(separator: "\n")
            #expect(
                table.first?.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                    == "NAME MODE STREAMS TAGS KEEP EXPIRE REMOVED LAST RUN AGE")
            #expect(
                table.last?.split(whereSeparator: \.isWhitespace).prefix(7).joined(separator: " ")
                    == "recent Enforce * v* 2 <none> 3")
            try await eventually("an event") {
                try await kubectl("get", "events").contains("retention policy recent removed 3 images of tags")
            }
            // It goes on by itself.
            try await Self.push(api, "6", to: "v1")
            try await eventually("the next run") { try await Self.images(kubectl) == ["6", "5"] }
            #expect(try await kubectl("explain", "retentionpolicies.spec.keep").contains("revisions"))
            #expect(try await api.get("/metrics").text.contains("weir_retention_removed_total{kind=\"revision\"} 4"))

            try await kubectl("delete", "retentionpolicy", "recent")
            try await Self.push(api, "7", to: "v1")
            #expect(try await Self.images(kubectl) == ["7", "6", "5"])
        }
    }

    @Test("what a reported pod runs stays; a tag that expired goes, with its cause in the history")
    func use() async throws {
        try await WeirProcess.run(nil, ["--retention-interval-seconds", "1"]) { server, api in
            try await api.createNamespace("p")
            _ = try await api.createStream("app", in: "p")
            try await Self.push(api, "123", to: "v1")
            try await Self.push(api, "4", to: "pr-7")
            let kubectl = try await Kubectl(server, namespace: "p")
            let digest = "sha256:" + String(repeating: "1", count: 64)
            try await kubectl(
                "create", "-f", "-",
                input: """
                    {"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"containers":[
                    {"name":"c","image":"quay.io/x/app@\(digest)"}]}}
                    """)
            // A tag is annotated where it is in the spec.
            try await kubectl(
                "patch", "imagestream", "app", "--type=merge", "-p",
                #"{"spec":{"tags":[{"name":"pr-7","annotations":{"weir.dev/expires":"1s"}}]}}"#)
            try await kubectl(
                "create", "-f", "-", input: Self.policy("p", #"{"keep":{"revisions":1},"interval":"1s"}"#))
            try await eventually("the tag is gone") {
                try await kubectl.json("get", "imagestream", "app")["status"]?["tags"]?.arrayValue?.count == 1
            }
            try await eventually("the history is short") { try await Self.images(kubectl) == ["3", "1"] }
            let history = try await kubectl("get", "taghistory", "app:pr-7")
            #expect(history.contains("TagDeleted") && history.contains("retention"))
            try await kubectl("delete", "pod", "web", "--wait=false", "--force", "--grace-period=0")
            try await eventually("nothing uses it any more") { try await Self.images(kubectl) == ["3"] }
        }
    }

    @Test("policies that make no sense are refused with the reason; too short an interval is a warning")
    func refusals() async throws {
        try await WeirProcess.run { server, api in
            try await api.createNamespace("p")
            let kubectl = try await Kubectl(server, namespace: "p")
            let wrong = try await kubectl.attempt(
                ["create", "-f", "-"], input: Self.policy("p", #"{"mode":"Now","keep":{"revisions":0}}"#))
            #expect(wrong.exit != 0)
            #expect(wrong.errors.contains(#"spec.mode: Unsupported value: "Now""#))
            #expect(wrong.errors.contains("spec.keep.revisions: Invalid value: 0: must be at least 1"))
            let short = try await kubectl.attempt(
                ["create", "-f", "-"], input: Self.policy("p", #"{"interval":"1s"}"#))
            #expect(short.exit == 0 && short.errors.contains("this server lets 60s pass between two runs"))
            // The namespace takes its policies along.
            try await kubectl("delete", "namespace", "p", "--wait=false")
            try await eventually("the namespace is gone") {
                try await api.get("/apis/weir.dev/v1alpha1/retentionpolicies").json()["items"]?.arrayValue?.isEmpty
                    == true
            }
        }
    }
}
