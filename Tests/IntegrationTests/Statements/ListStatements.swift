import JSON
import Testing

extension Statements {
    @Suite("12.4 List", .serialized)
    struct Lists {
        private static func five() async throws -> Project {
            let project = try await Project.make()
            for (index, name) in ["a", "b", "c", "d", "e"].enumerated() {
                try await project.create(name, #""labels":{"n":"\#(index)","odd":"\#(index % 2)"}"#)
            }
            return project
        }

        @Test("88. An empty list has items, and a version")
        func empty() async throws {
            let answer = try await Project.make().get()
            #expect(answer["items"] == [])
            #expect(try answer.json().version > 0)
        }

        @Test("89. The type is the list's, not the items'")
        func types() async throws {
            let answer = try await Self.five().get()
            #expect(answer["kind"] == "ImageStreamList" && answer["apiVersion"] == "image.openshift.io/v1")
            let items = answer["items"]?.arrayValue ?? []
            #expect(items.count == 5)
            #expect(items.allSatisfy { $0["kind"] == nil && $0["apiVersion"] == nil })
        }

        @Test("90. The order is that of the bytes of namespace/name")
        func order() async throws {
            let project = try await Project.make()
            // A dash is less than the slash that ends the shorter name.
            let longer = project.name + "-b"
            try await project.api.createNamespace(longer)
            try await project.create("a")
            _ = try await project.api.createStream("x", in: longer)
            let all = try await project.api.get("\(Project.group)/imagestreams").json()
            let namespaces = (all["items"]?.arrayValue ?? []).compactMap { $0.text(at: "metadata.namespace") }
            #expect(namespaces.filter { $0.hasPrefix(project.name) } == [longer, project.name])
        }

        @Test("91. Pages are of one version, and say how much remains")
        func pages() async throws {
            let project = try await Self.five()
            let first = try await project.get("?limit=2")
            #expect(try first.names() == ["a", "b"])
            #expect(first["metadata.remainingItemCount"] == 3)
            let second = try await project.page(after: first, limit: 2)
            #expect(try second.names() == ["c", "d"] && second["metadata.remainingItemCount"] == 1)
            let last = try await project.page(after: second, limit: 2)
            #expect(try last.names() == ["e"])
            #expect(last["metadata.continue"] == nil && last["metadata.remainingItemCount"] == nil)
            #expect(Set([first, second, last].map { $0.text(at: "metadata.resourceVersion") }).count == 1)
        }

        @Test("92. With a selector it is not known how much remains")
        func selectedPage() async throws {
            let answer = try await Self.five().get("?limit=1&labelSelector=odd=1")
            #expect(try answer.names() == ["b"])
            #expect(answer["metadata.continue"] != nil && answer["metadata.remainingItemCount"] == nil)
        }

        @Test("93. Pages show what was there at the first, not what changes meanwhile")
        func snapshot() async throws {
            let project = try await Self.five()
            let first = try await project.get("?limit=2")
            try await project.create("f")
            try await project.delete("/c").expect(200)
            #expect(try await project.page(after: first, limit: 10).names() == ["c", "d", "e"])
        }

        @Test("94. A token that is none is refused")
        func garbageToken() async throws {
            try await Self.five().get("?limit=2&continue=garbage").expect(
                400, "BadRequest", containing: "invalid continue token: continue key is not valid")
        }

        @Test("95. A token brings its version along")
        func tokenAndVersion() async throws {
            let project = try await Self.five()
            let token = try #require(try await project.get("?limit=2").text(at: "metadata.continue"))
            try await project.get("?continue=\(token)&resourceVersion=5").expect(
                400, "BadRequest", "specifying resource version is not allowed when using continue")
            #expect(try await project.get("?continue=\(token)&resourceVersion=0").names() == ["c", "d", "e"])
        }

        @Test("97. A way to match needs a version")
        func matchAlone() async throws {
            try await Project.make().get("?resourceVersionMatch=Exact").expectInvalid(
                "resourceVersionMatch", "FieldValueForbidden",
                "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")
        }

        @Test("98. Version 0 cannot be matched exactly")
        func exactZero() async throws {
            try await Project.make().get("?resourceVersion=0&resourceVersionMatch=Exact").expectInvalid(
                "resourceVersionMatch", "FieldValueForbidden", #"is forbidden for resourceVersion "0""#)
        }

        @Test("99. An unknown way to match is invalid")
        func unknownMatch() async throws {
            try await Project.make().get("?resourceVersion=1&resourceVersionMatch=foo").expectInvalid(
                "resourceVersionMatch", "FieldValueNotSupported", #"Unsupported value: "foo""#)
        }

        @Test("100. A list has no initial events")
        func sendInitialEvents() async throws {
            try await Project.make().get("?sendInitialEvents=true").expectInvalid(
                "sendInitialEvents", "FieldValueForbidden", "Forbidden: sendInitialEvents is forbidden for list")
        }

        @Test("101. An exact version is the state at that version")
        func exact() async throws {
            let project = try await Self.five()
            let version = try await project.version()
            try await project.delete("/a").expect(200)
            try await project.create("f")
            let answer = try await project.get("?resourceVersion=\(version)&resourceVersionMatch=Exact")
            #expect(try answer.names() == ["a", "b", "c", "d", "e"])
            #expect(answer.text(at: "metadata.resourceVersion") == version)
        }

        @Test("102. A version of the future is waited for, and then given up")
        func future() async throws {
            let project = try await Project.make()
            let version = try await project.get().json().version + 1_000_000
            let answer = try await project.get("?resourceVersion=\(version)")
            answer.expect(504, "Timeout", containing: "Too large resource version: \(version)")
            #expect(answer["details.causes.0.reason"] == "ResourceVersionTooLarge")
            #expect(answer.header("Retry-After") == "1")
        }

        @Test("103. A version that is no number is refused")
        func version() async throws {
            try await Project.make().get("?resourceVersion=abc").expect(
                400, "BadRequest", containing: "invalid resource version")
        }

        @Test("105. Label selectors select by sets, absence and inequality")
        func labels() async throws {
            let project = try await Project.make()
            for (name, labels) in [
                ("b", #"{"a":"b"}"#), ("c", #"{"a":"c"}"#), ("d", #"{"a":"b","d":""}"#), ("e", #"{"a":"e"}"#),
                ("f", "{}"),
            ] {
                try await project.create(name, #""labels":\#(labels)"#)
            }
            #expect(try await project.get("?labelSelector=a%20in%20(b,c),!d").names() == ["b", "c"])
            #expect(try await project.get("?labelSelector=a!=b").names() == ["c", "e", "f"])
        }

        @Test("106. A label selector that is none is refused", arguments: ["a%20in%20b", "=a"])
        func badLabels(selector: String) async throws {
            try await Project.make().get("?labelSelector=\(selector)").expect(400, "BadRequest")
        }

        @Test("107. A field selector selects by name")
        func fields() async throws {
            let project = try await Self.five()
            #expect(try await project.get("?fieldSelector=metadata.name=a").names() == ["a"])
            #expect(try await project.get("?fieldSelector=metadata.name!=a").names() == ["b", "c", "d", "e"])
        }

        @Test("108. A field that cannot be selected by is refused")
        func unknownField() async throws {
            try await Project.make().get("?fieldSelector=spec.foo=1").expect(400, "BadRequest")
        }

        @Test("109. A field selector that is none is refused")
        func badFields() async throws {
            try await Project.make().get("?fieldSelector=metadata.name").expect(
                400, "BadRequest", "invalid selector: 'metadata.name'; can't understand 'metadata.name'")
        }

        @Test("111. Version 0 may give more than the limit, and then no token")
        func anyVersion() async throws {
            let answer = try await Self.five().get("?resourceVersion=0&limit=1")
            let names = try answer.names()
            #expect(names == ["a", "b", "c", "d", "e"] || names == ["a"])
            #expect((answer["metadata.continue"] == nil) == (names.count == 5))
        }
    }
}

extension Project {
    /// The page that follows.
    fileprivate func page(after page: API.Answer, limit: Int) async throws -> API.Answer {
        let token = try #require(page.text(at: "metadata.continue"))
        return try await get("?limit=\(limit)&continue=\(token)")
    }
}
