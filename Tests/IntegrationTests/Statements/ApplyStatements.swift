import JSON
import Testing

extension Statements {
    @Suite("12.6 Apply", .serialized)
    struct Applies {
        /// A stream `a` that `kubectl-create` made with the tag v1.
        private static func created() async throws -> Project {
            let project = try await Project.make()
            try await project.post(imageStream("a", spec: tags(("v1", "app:1"))), "?fieldManager=kubectl-create")
                .expect(201)
            return project
        }

        private static let v1 = #"k:{"name":"v1"}"#

        private static func tagNames(_ answer: API.Answer) -> [String] {
            (answer["spec.tags"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
        }

        @Test("146. Apply creates, and owns what it was given")
        func create() async throws {
            let answer = try await Project.make().apply("a", by: "ci", #""labels":{"x":"1"}"#)
            answer.expect(201)
            let managers = answer.managers
            #expect(managers.count == 1)
            #expect(managers.first?["manager"] == "ci" && managers.first?["operation"] == "Apply")
            #expect(managers.first?["fieldsV1"] == ["f:metadata": ["f:labels": ["f:x": [:]]]])
        }

        @Test("147. Apply needs a manager")
        func noManager() async throws {
            try await Project.make().patch("/a", .apply, imageStream("a")).expectInvalid(
                "fieldManager", "FieldValueRequired", "Required value: is required for apply patch")
        }

        @Test("148. Only apply can be forced")
        func force() async throws {
            try await Self.created().patch("/a?force=true", .merge, "{}").expectInvalid(
                "force", "FieldValueForbidden", "Forbidden: may not be specified for non-apply patch")
        }

        @Test("149. Apply does not take managed fields")
        func managedFields() async throws {
            try await Self.created().apply("a", by: "ci", #""managedFields":[{"manager":"x"}]"#).expect(
                400, "BadRequest", "metadata.managedFields must be nil")
        }

        @Test("150. Apply over the value of another manager is a Conflict that names the field")
        func conflict() async throws {
            let answer = try await Self.created().apply("a", by: "ci", spec: tags(("v1", "app:9")))
            answer.expect(
                409, "Conflict",
                containing:
                    #"Apply failed with 1 conflict: conflict with "kubectl-create" using image.openshift.io/v1: "#)
            #expect(answer["details.causes"]?.arrayValue?.count == 1)
            #expect(answer["details.causes.0.reason"] == "FieldManagerConflict")
            #expect(answer["details.causes.0.field"] == #".spec.tags[name="v1"].from"#)
        }

        @Test("151. Forced, the field changes its value and its owner")
        func forced() async throws {
            let answer = try await Self.created().apply("a", by: "ci", spec: tags(("v1", "app:9")), force: true)
            answer.expect(200)
            #expect(answer["spec.tags.0.from.name"] == "registry.example/app:9")
            #expect(answer.fields(of: "ci")?["f:spec"]?["f:tags"]?[Self.v1]?["f:from"] != nil)
            let before = answer.fields(of: "kubectl-create")?["f:spec"]?["f:tags"]?[Self.v1]
            #expect(before != nil && before?["f:from"] == nil)
        }

        @Test("152. Apply of the value that is there is shared")
        func shared() async throws {
            let answer = try await Self.created().apply("a", by: "ci", spec: tags(("v1", "app:1")))
            answer.expect(200)
            for manager in ["ci", "kubectl-create"] {
                #expect(answer.fields(of: manager)?["f:spec"]?["f:tags"]?[Self.v1]?["f:from"] != nil, "\(manager)")
            }
        }

        @Test("153. Apply of the same again writes nothing")
        func again() async throws {
            let project = try await Project.make()
            let first = try await project.apply("a", by: "ci", #""labels":{"x":"1"}"#)
            let second = try await project.apply("a", by: "ci", #""labels":{"x":"1"}"#)
            second.expect(200)
            #expect(try second.json()["metadata"] == first.json()["metadata"])
        }

        @Test("154. What a manager applies no more is removed, unless another one has it too")
        func removed() async throws {
            let project = try await Self.created()
            try await project.apply("a", by: "ci", spec: tags(("v1", "app:1"), ("v2", "app:2"))).expect(200)
            let answer = try await project.apply("a", by: "ci", spec: #""tags":[]"#)
            answer.expect(200)
            #expect(Self.tagNames(answer) == ["v1"])
        }

        @Test("155. Apply refuses a tag that is named twice")
        func duplicate() async throws {
            try await Project.make().apply("a", by: "ci", spec: tags(("v1", "app:1"), ("v1", "app:2"))).expect(
                500, containing: #"duplicate entries for key [name="v1"]"#)
        }

        @Test("156. Apply refuses fields that are not declared")
        func unknownField() async throws {
            try await Project.make().apply("a", by: "ci", spec: #""foo":1"#).expect(
                500, containing: "field not declared in schema")
        }
    }

    @Suite("12.6 Managed fields", .serialized)
    struct ManagedFields {
        @Test("157. The manager is the one named, else the client")
        func manager() async throws {
            let project = try await Project.make()
            let body = { imageStream($0, #""labels":{"x":"1"}"#) }
            let agent = try await project.post(body("a"), "", ("User-Agent", "foo/1.0"))
            #expect(agent.managers.map { $0["manager"] } == ["foo"])
            #expect(agent.managers.map { $0["operation"] } == ["Update"])
            let named = try await project.post(body("b"), "?fieldManager=bar", ("User-Agent", "foo/1.0"))
            #expect(named.managers.map { $0["manager"] } == ["bar"])
        }

        @Test("158. A manager's name is short and printable")
        func managerName() async throws {
            let project = try await Project.make()
            try await project.post(imageStream("a"), "?fieldManager=\(String(repeating: "m", count: 129))")
                .expectInvalid("fieldManager", "FieldValueTooLong", "Too long")
            try await project.post(imageStream("a"), "?fieldManager=a%0Ab").expectInvalid(
                "fieldManager", "FieldValueInvalid", "invalid character")
        }

        @Test("159. Managed fields can be given up, until the next apply")
        func reset() async throws {
            let project = try await Project.make()
            var stream = try await project.create("a", #""labels":{"x":"1"}"#)
            stream["metadata"]?["managedFields"] = []
            var reset = try await project.put("/a", stream).json()
            #expect(reset.at("metadata.managedFields") == nil)
            reset["metadata"]?["labels"] = ["x": "2"]
            let updated = try await project.put("/a", reset)
            #expect(updated["metadata.labels"] == ["x": "2"] && updated["metadata.managedFields"] == nil)
            let applied = try await project.apply("a", by: "ci", #""labels":{"y":"1"}"#)
            applied.expect(200)
            let managers = applied.managers.compactMap { $0.text(at: "manager") }
            #expect(Set(managers) == ["ci", "before-first-apply"])
        }

        @Test("160. Old entries are merged when there are too many")
        func manyManagers() async throws {
            let project = try await Project.make()
            try await project.create("a", #""labels":{"x":"1"}"#)
            // Entries of one second go by name: these names are in the order of the writes.
            for index in 10..<22 {
                try await project.patch(
                    "/a?fieldManager=m\(index)", .merge, #"{"metadata":{"labels":{"l\#(index)":"1"}}}"#
                ).expect(200)
            }
            let managers = try await project.get("/a").managers.filter { $0["operation"] == "Update" }
            #expect(managers.count == 10)
            #expect(managers.contains { $0["manager"] == "ancient-changes" })
            #expect(managers.contains { $0["manager"] == "m21" })
        }

        @Test("161. The status has owners of its own")
        func status() async throws {
            let project = try await Project.make()
            try await project.create("a", #""labels":{"c":"1"}"#)
            let event = #"{"created":"2001-02-03T04:05:06Z","dockerImageReference":"r/a:1","image":"","generation":1}"#
            let patched = try await project.patch(
                "/a/status?fieldManager=st", .merge, #"{"status":{"tags":[{"tag":"t","items":[\#(event)]}]}}"#)
            patched.expect(200)
            let entry = patched.managers.first { $0["manager"] == "st" }
            #expect(entry?["subresource"] == "status" && entry?.at("fieldsV1.f:status") != nil)
            // Not owned by the list, but recorded (apply-status/status-in-main): a status named elsewhere is a claim to it.
            let main = try await project.patch(
                "/a?fieldManager=ci", .apply,
                #"{"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"a"},"status":{"tags":[{"tag":"t","items":[]}]}}"#
            )
            main.expect(409, "Conflict", containing: #"conflict with "st" with subresource "status""#)
        }

        @Test("162. An update owns the map it makes, an apply only its members")
        func maps() async throws {
            let project = try await Project.make()
            var stream = try await project.create("a", #""annotations":{"c":"1"}"#)
            stream["metadata"]?["labels"] = ["a": "1"]
            let updated = try await project.put("/a?fieldManager=up", stream)
            #expect(updated.fields(of: "up")?["f:metadata"] == ["f:labels": [".": [:], "f:a": [:]]])
            let applied = try await project.apply("b", by: "ci", #""labels":{"a":"1"}"#)
            #expect(applied.fields(of: "ci")?["f:metadata"] == ["f:labels": ["f:a": [:]]])
        }

        @Test("163. The same changes give the same bytes of fieldsV1")
        func deterministic() async throws {
            let project = try await Project.make()
            func fields(_ name: String) async throws -> [String] {
                try await project.create(
                    name, #""labels":{"z":"1","a":"2"},"annotations":{"k":"v"}"#,
                    spec: tags(("v2", "b:1"), ("v1", "a:1")))
                try await project.change(name, #"{"metadata":{"labels":{"z":null,"m":"3"}}}"#)
                return try await project.apply(name, by: "ci", #""labels":{"n":"4"}"#).managers
                    .map { $0["fieldsV1"]?.description ?? "" }
            }
            let first = try await fields("a")
            #expect(first.count == 2)
            #expect(try await fields("b") == first)
        }
    }
}

extension API.Answer {
    fileprivate var managers: [JSONValue] { self["metadata.managedFields"]?.arrayValue?.elements ?? [] }

    /// `fieldsV1` of the first entry of a manager.
    fileprivate func fields(of manager: String) -> JSONValue? {
        managers.first { $0["manager"]?.stringValue == manager }?["fieldsV1"]
    }
}
