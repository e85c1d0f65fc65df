import JSON
import Testing

extension Statements {
    @Suite("12.6 Patch", .serialized)
    struct Patches {
        /// A stream `a` with a label and two tags.
        private static func one(_ metadata: String = #""labels":{"a":"1"}"#) async throws -> Project {
            let project = try await Project.make()
            try await project.create("a", metadata, spec: tags(("v1", "app:1"), ("v2", "app:2")))
            return project
        }

        private static func tagNames(_ answer: API.Answer) -> [String] {
            (answer["spec.tags"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
        }

        @Test("133. A JSON patch changes what it names; a test that fails makes it invalid")
        func jsonPatch() async throws {
            let project = try await Self.one()
            let patched = try await project.patch(
                "/a", .json, #"[{"op":"add","path":"/metadata/labels/b","value":"2"}]"#)
            patched.expect(200)
            #expect(patched["metadata.labels"] == ["a": "1", "b": "2"])
            try await project.patch("/a", .json, #"[{"op":"test","path":"/metadata/labels/a","value":"9"}]"#).expect(
                422, "Invalid", "the server rejected our request due to an error in our request")
        }

        @Test("134. A JSON patch has at most 10000 operations")
        func manyOperations() async throws {
            let project = try await Self.one()
            func patch(_ count: Int) -> String {
                let operation = #"{"op":"test","path":"/kind","value":"ImageStream"}"#
                return "[\(repeatElement(operation, count: count).joined(separator: ","))]"
            }
            try await project.patch("/a", .json, patch(10_001)).expect(
                413, "RequestEntityTooLarge", containing: "10000")
            try await project.patch("/a", .json, patch(10_000)).expect(200)
        }

        @Test("135. A JSON patch that is no JSON is refused")
        func malformed() async throws {
            try await Self.one().patch("/a", .json, "nonsense").expect(400, "BadRequest")
        }

        @Test("136. A merge patch removes what is null, and writes nothing where that is absent")
        func mergePatch() async throws {
            let project = try await Self.one()
            let removed = try await project.change("a", #"{"metadata":{"labels":{"a":null}}}"#)
            #expect(removed.at("metadata.labels") == nil)
            let again = try await project.change("a", #"{"metadata":{"labels":{"a":null}}}"#)
            #expect(again.version == removed.version)
        }

        @Test("137. A merge patch that gives a wrong type is invalid")
        func wrongType() async throws {
            try await Self.one().patch("/a", .merge, #"{"spec":{"tags":"x"}}"#).expectInvalid(
                "patch", "FieldValueInvalid", "cannot unmarshal string")
        }

        @Test("138. A merge patch cannot rename")
        func rename() async throws {
            try await Self.one().patch("/a", .merge, #"{"metadata":{"name":"b"}}"#).expect(400, "BadRequest")
        }

        @Test("139. A patch may insist on a uid or a version; those that do not are all applied")
        func concurrency() async throws {
            let project = try await Self.one()
            try await project.patch("/a", .merge, #"{"metadata":{"uid":"x"}}"#).expectInvalid(
                "metadata.uid", nil, "field is immutable")
            try await project.patch("/a", .merge, #"{"metadata":{"resourceVersion":"1"}}"#).expect(409, "Conflict")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<50 {
                    group.addTask {
                        try await project.change("a", #"{"metadata":{"labels":{"l\#(index)":"1"}}}"#)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await project.get("/a")["metadata.labels"]?.objectValue?.count == 51)
        }

        @Test("140. A merge patch does not create")
        func absent() async throws {
            try await Project.make().patch("/absent", .merge, "{}").expect(404, "NotFound")
        }

        @Test("141. A strategic patch merges tags by name, adds and deletes them")
        func strategicTags() async throws {
            let project = try await Self.one()
            let merged = try await project.patch(
                "/a", .strategic, #"{"spec":{"tags":[{"name":"v1","annotations":{"k":"v"}}]}}"#)
            #expect(Self.tagNames(merged) == ["v1", "v2"])
            #expect(merged["spec.tags.0.annotations"] == ["k": "v"])
            #expect(merged["spec.tags.0.from.name"] == "registry.example/app:1")
            let added = try await project.patch("/a", .strategic, #"{"spec":{\#(tags(("v3", "app:3")))}}"#)
            #expect(Self.tagNames(added) == ["v1", "v2", "v3"])
            let deleted = try await project.patch(
                "/a", .strategic, #"{"spec":{"tags":[{"$patch":"delete","name":"v1"}]}}"#)
            #expect(Self.tagNames(deleted) == ["v2", "v3"])
        }

        // Tags are stored in the order of their names (recorded: patch-strategic/order), so finalizers show the order.
        @Test("142. A strategic patch orders a list, and keeps what was added meanwhile")
        func elementOrder() async throws {
            let project = try await Self.one(#""finalizers":["example.com/a","example.com/s","example.com/b"]"#)
            let answer = try await project.patch(
                "/a", .strategic,
                #"{"metadata":{"$setElementOrder/finalizers":["example.com/c","example.com/b","example.com/a"],"finalizers":["example.com/c"]}}"#
            )
            #expect(
                answer["metadata.finalizers"]
                    == ["example.com/c", "example.com/s", "example.com/b", "example.com/a"])
            let tags = try await project.patch(
                "/a", .strategic,
                #"{"spec":{"$setElementOrder/tags":[{"name":"v3"},{"name":"v1"}],\#(tags(("v3", "app:3")))}}"#)
            #expect(Self.tagNames(tags) == ["v1", "v2", "v3"])
        }

        @Test("143. A strategic patch replaces a list, and keeps only the keys it names")
        func replace() async throws {
            let project = try await Self.one()
            let tag = #"{"name":"r","from":{"kind":"DockerImage","name":"registry.example/r:1"},"reference":true}"#
            let replaced = try await project.patch(
                "/a", .strategic, #"{"spec":{"tags":[{"$patch":"replace"},\#(tag)]}}"#)
            #expect(Self.tagNames(replaced) == ["r"])
            let retained = try await project.patch(
                "/a", .strategic,
                #"{"metadata":{"labels":{"$retainKeys":["n"],"n":"1"}}}"#)
            retained.expect(200)
            #expect(retained["metadata.labels"] == ["n": "1"])
        }

        @Test("144. A strategic patch unites finalizers, and removes them by name")
        func finalizers() async throws {
            let project = try await Self.one(#""finalizers":["example.com/a"]"#)
            let united = try await project.patch(
                "/a", .strategic, #"{"metadata":{"finalizers":["example.com/b"]}}"#)
            let both = united["metadata.finalizers"]?.arrayValue?.compactMap(\.stringValue) ?? []
            #expect(Set(both) == ["example.com/a", "example.com/b"])
            let removed = try await project.patch(
                "/a", .strategic, #"{"metadata":{"$deleteFromPrimitiveList/finalizers":["example.com/a"]}}"#)
            #expect(removed["metadata.finalizers"] == ["example.com/b"])
        }

        @Test("145. A strategic patch names the tags it means")
        func noKey() async throws {
            try await Self.one().patch("/a", .strategic, #"{"spec":{"tags":[{"reference":true}]}}"#).expect(
                500, containing: "does not contain declared merge key: name")
        }
    }
}
