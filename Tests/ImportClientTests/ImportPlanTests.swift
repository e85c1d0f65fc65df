import JSON
import Testing

@testable import ImportClient

@Suite("What is sent for an import")
struct ImportPlanTests {
    private static func stream(_ spec: String, annotations: String = "{}") throws -> JSONValue {
        try JSONValue.parse(
            Array(
                """
                {"metadata":{"name":"app","namespace":"demo","resourceVersion":"7","annotations":\(annotations)},
                "spec":\(spec)}
                """.utf8))
    }

    private static let tags = """
        {"tags":[
        {"name":"1","from":{"kind":"DockerImage","name":"quay.io/team/app:1"},"importPolicy":{"importMode":"PreserveOriginal"},
        "referencePolicy":{"type":"Local"}},
        {"name":"latest","from":{"kind":"ImageStreamTag","name":"stable"}},
        {"name":"stable","from":{"kind":"ImageStreamTag","name":"app:2"}},
        {"name":"2","from":{"kind":"DockerImage","name":"quay.io/team/app:2"},
        "importPolicy":{"scheduled":true,"insecure":true}},
        {"name":"pushed"},
        {"name":"other","from":{"kind":"ImageStreamTag","name":"web:1"}},
        {"name":"far","from":{"kind":"ImageStreamTag","name":"app:1","namespace":"elsewhere"}},
        {"name":"near","from":{"kind":"ImageStreamTag","name":"app:1","namespace":"demo"}},
        {"name":"bad","from":{"kind":"ImageStreamTag","name":"app:"}},
        {"name":"ring","from":{"kind":"ImageStreamTag","name":"gnir"}},
        {"name":"gnir","from":{"kind":"ImageStreamTag","name":"ring"}},
        {"name":"image","from":{"kind":"ImageStreamImage","name":"app@sha256:1"}}
        ]}
        """

    /// What is imported: `name=from` each, or `all FROM`; or why not.
    private static func plan(
        _ target: String, from: String? = nil, all: Bool = false, confirmed: Bool = false, spec: String?
    ) throws -> String {
        do throws(ImportRefusal) {
            var wish = try ImportWish(target, all: all, namespace: "demo")
            wish.from = from
            wish.isConfirmed = confirmed
            let plan = try ImportPlan(wish, stream: try? spec.map { try stream($0) })
            if let repository = plan.repository { return "all \(repository)" }
            return plan.tags.map { "\($0.name)=\($0.from)" }.joined(separator: " ")
        } catch {
            return error.description
        }
    }

    @Test(
        "a stream that is not there is made only when told to, from what is named",
        arguments: [
            ("app", nil, false, true, "latest=app"),
            ("app:1", "quay.io/team/app:1", false, true, "1=quay.io/team/app:1"),
            ("quay.io/team/app:1", nil, false, true, "1=quay.io/team/app:1"),
            ("app", "quay.io/team/app", true, true, "all quay.io/team/app"),
            ("app:1", "quay.io/team/app:1", false, false, #"no image stream named "app" exists, pass --confirm"#),
            ("app", "quay.io/team/app", true, false, #"no image stream named "app" exists, pass --confirm"#),
        ] as [(String, String?, Bool, Bool, String)])
    func new(_ target: String, _ from: String?, _ all: Bool, _ confirmed: Bool, _ expected: String) throws {
        let plan = try Self.plan(target, from: from, all: all, confirmed: confirmed, spec: nil)
        #expect(plan.hasPrefix(expected))
    }

    @Test(
        "a tag is imported from where it came, at the end of the tags it follows; its source is never changed",
        arguments: [
            ("app:1", nil, "1=quay.io/team/app:1"), ("app:1", "quay.io/team/app:1", "1=quay.io/team/app:1"),
            ("app", nil, "2=quay.io/team/app:2"), ("app:near", nil, "1=quay.io/team/app:1"),
            ("app:new", "quay.io/team/app:9", "new=quay.io/team/app:9"),
            ("app:new", nil, #"the tag "new" does not exist on the image stream"#),
            ("app:1", "quay.io/x:1", #"the tag "1" points to "quay.io/team/app:1""#),
            ("app", "quay.io/x:1", #"the tag "latest" points to the tag "2" which points to "quay.io/team/app:2""#),
            ("app:pushed", "quay.io/x:1", #"tag "pushed" already exists"#),
            ("app:other", nil, #"tag "other" points to an imagestreamtag from another"#),
            ("app:far", nil, #"tag "far" points to an imagestreamtag from another"#),
            ("app:bad", nil, #"tag "bad" points to an invalid imagestreamtag"#),
            ("app:ring", nil, #"tag "ring" on the image stream is a reference to same tag"#),
            ("app:image", nil, #"tag "image" points to existing ImageStreamImage "app@sha256:1""#),
        ] as [(String, String?, String)])
    func single(_ target: String, _ from: String?, _ expected: String) throws {
        #expect(try Self.plan(target, from: from, spec: Self.tags).hasPrefix(expected))
    }

    @Test(
        "all is the repository that is named or known, else the tags with a source elsewhere",
        arguments: [
            (nil, false, tags, "1=quay.io/team/app:1 2=quay.io/team/app:2"),
            (nil, false, #"{"tags":[{"name":"pushed"}]}"#, "image stream does not have tags pointing to external"),
            (nil, false, #"{"dockerImageRepository":"quay.io/a"}"#, "all quay.io/a"),
            ("quay.io/a", false, #"{"dockerImageRepository":"quay.io/a"}"#, "all quay.io/a"),
            ("quay.io/b", false, #"{"dockerImageRepository":"quay.io/a"}"#, "the image stream has a different import"),
            ("quay.io/b", true, #"{"dockerImageRepository":"quay.io/a"}"#, "all quay.io/b"),
            ("quay.io/b", false, tags, "the image stream does not currently import an entire repository"),
            ("quay.io/b", true, tags, "all quay.io/b"),
        ] as [(String?, Bool, String, String)])
    func all(_ from: String?, _ confirmed: Bool, _ spec: String, _ expected: String) throws {
        #expect(try Self.plan("app", from: from, all: true, confirmed: confirmed, spec: spec).hasPrefix(expected))
    }

    @Test("without a tag, latest comes from the repository of the stream")
    func latest() throws {
        let spec = #"{"dockerImageRepository":"quay.io/a"}"#
        #expect(try Self.plan("app", spec: spec) == "latest=quay.io/a")
        #expect(try Self.plan("app:1", spec: spec).hasPrefix(#"the tag "1" does not exist"#))
    }

    @Test(
        "what is no name of a tag is refused",
        arguments: ["", "app@sha256:" + String(repeating: "0", count: 64), "a b", "app:-", "/"])
    func targets(_ target: String) {
        #expect(throws: ImportRefusal.self) { try ImportWish(target, all: false, namespace: "demo") }
    }

    @Test("a tag and all of them exclude each other")
    func both() {
        #expect(throws: ImportRefusal.self) { try ImportWish("app:1", all: true, namespace: "demo") }
    }

    // MARK: Documents

    /// The policies of an entry: `insecure scheduled importMode referencePolicy`.
    private static func policies(_ entry: JSONValue?) -> String {
        let policy = entry?["importPolicy"]
        return [
            policy?["insecure"]?.boolValue?.description, policy?["scheduled"]?.boolValue?.description,
            policy?["importMode"]?.stringValue, entry?["referencePolicy"]?["type"]?.stringValue,
        ].map { $0 ?? "?" }.joined(separator: " ")
    }

    @Test(
        "tags keep their policies where nothing else is said",
        arguments: [
            ("1", "{}", [], "false false PreserveOriginal Local"), ("2", "{}", [], "true true ? ?"),
            ("new", "{}", [], "false false ? ?"),
            ("new", #"{"openshift.io/image.insecureRepository":"true"}"#, [], "true false ? ?"),
            ("new", "{}", ["insecure"], "true false ? ?"),
            ("1", "{}", ["scheduled"], "false true PreserveOriginal Local"),
            ("1", "{}", ["Legacy", "Source"], "false false Legacy Source"),
        ] as [(String, String, Set<String>, String)])
    func kept(_ tag: String, _ annotations: String, _ asked: Set<String>, _ expected: String) throws {
        var wish = try ImportWish("app:\(tag)", all: false, namespace: "demo")
        wish.isInsecure = asked.contains("insecure") ? true : nil
        wish.isScheduled = asked.contains("scheduled")
        wish.importMode = asked.contains("Legacy") ? "Legacy" : nil
        wish.referencePolicy = asked.contains("Source") ? "Source" : nil
        let document = ImportDocument(wish, stream: try Self.stream(Self.tags, annotations: annotations))
        let body = document.images([.init(name: tag, from: "quay.io/x:1")], resourceVersion: "7")
        let entry = body["spec"]?["images"]?.arrayValue?.first
        #expect(Self.policies(entry) == expected)
        #expect(entry?["to"] == ["name": .string(tag)])
        #expect(entry?["from"] == ["kind": "DockerImage", "name": "quay.io/x:1"])
        #expect(body["spec"]?["import"] == true)
        #expect(body["metadata"] == ["name": "app", "namespace": "demo", "resourceVersion": "7"])
    }

    @Test("a repository is asked for as a whole, the tags beyond the limit one by one")
    func repository() throws {
        var wish = try ImportWish("app", all: true, namespace: "demo")
        wish.isScheduled = true
        let body = ImportDocument(wish, stream: nil).repository("quay.io/team/app", resourceVersion: "")
        #expect(body["metadata"]?["resourceVersion"] == nil)
        #expect(body["spec"]?["repository"]?["from"]?["name"] == "quay.io/team/app")
        #expect(Self.policies(body["spec"]?["repository"]) == "false true ? ?")
        let tags = ImportRun.tags(["1", "2.0"], of: "quay.io/team/app")
        #expect(tags.map(\.from) == ["quay.io/team/app:1", "quay.io/team/app:2.0"])
        #expect(ImportRun.tags(["1"], of: "localhost:5000/app").map(\.from) == ["localhost:5000/app:1"])
    }
}
