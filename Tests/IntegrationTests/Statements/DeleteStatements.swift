import JSON
import Testing

extension Statements {
    @Suite("12.3 Deletes", .serialized)
    struct Deletes {
        private static func one() async throws -> (Project, JSONValue) {
            let project = try await Project.make()
            return (project, try await project.create("a"))
        }

        /// Sends a DELETE that must be refused, and looks that nothing is deleted.
        private static func refused(_ query: String = "", _ options: String? = nil) async throws -> API.Answer {
            let (project, _) = try await one()
            let answer = try await project.delete("/a\(query)", options)
            try await project.get("/a").expect(200)
            return answer
        }

        @Test("76. DELETE answers with a Status that names the object")
        func delete() async throws {
            let (project, stream) = try await Self.one()
            let answer = try await project.delete("/a")
            answer.expect(200)
            #expect(answer["kind"] == "Status" && answer["status"] == "Success")
            let uid = try #require(stream.at("metadata.uid"))
            #expect(
                answer["details"]
                    == ["name": "a", "group": "image.openshift.io", "kind": "imagestreams", "uid": uid])
            try await project.get("/a").expect(404)
        }

        @Test("77. DELETE of another uid is a Conflict")
        func uidPrecondition() async throws {
            try await Self.refused("", #"{"preconditions":{"uid":"x"}}"#).expect(
                409, "Conflict", containing: "the UID in the precondition (x) does not match the UID in record")
        }

        @Test("78. DELETE of an old version is a Conflict")
        func versionPrecondition() async throws {
            try await Self.refused("", #"{"preconditions":{"resourceVersion":"1"}}"#).expect(409, "Conflict")
        }

        @Test("79. DELETE takes one way to say what becomes of dependents")
        func bothPolicies() async throws {
            try await Self.refused("", #"{"orphanDependents":true,"propagationPolicy":"Background"}"#).expect(
                422, "Invalid",
                #"DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Background": orphanDependents and deletionPropagation cannot be both set"#
            )
        }

        @Test("80. DELETE with an unknown policy is invalid")
        func unknownPolicy() async throws {
            try await Self.refused("?propagationPolicy=x").expectInvalid(
                "propagationPolicy", "FieldValueNotSupported", #"Unsupported value: "x""#)
        }

        @Test("81. Options in the body hide those of the query")
        func bodyHidesQuery() async throws {
            let (project, _) = try await Self.one()
            try await project.delete("/a?propagationPolicy=x", #"{"kind":"DeleteOptions","apiVersion":"v1"}"#)
                .expect(200)
            try await project.get("/a").expect(404)
        }

        // 400 by the list; recorded is 500 (delete-errors/unknown-kind).
        @Test("82. A body that is no DeleteOptions is refused")
        func otherKind() async throws {
            try await Self.refused("", #"{"kind":"Foo","apiVersion":"v1"}"#).expect(
                500, containing: #"no kind "Foo" is registered for version "v1""#)
        }

        @Test("83. A dry run deletes nothing")
        func dryRun() async throws {
            try await Self.refused("?dryRun=All").expect(200)
        }

        @Test("84. DELETE of a collection deletes what is selected, and lists it")
        func collection() async throws {
            let project = try await Project.make()
            for (name, label) in [("a", "b"), ("b", "c"), ("c", "b")] {
                try await project.create(name, #""labels":{"a":"\#(label)"}"#)
            }
            let answer = try await project.delete("?labelSelector=a=b")
            answer.expect(200)
            #expect(answer["kind"] == "ImageStreamList")
            #expect(try answer.names() == ["a", "c"])
            #expect(try await project.get().names() == ["b"])
        }

        @Test("85. DELETE of a namespace takes its image streams along")
        func namespace() async throws {
            let (project, _) = try await Self.one()
            let path = "/api/v1/namespaces/\(project.name)"
            let answer = try await project.api.send("DELETE", path)
            answer.expect(200)
            #expect(answer["kind"] == "Namespace" && answer["status.phase"] == "Terminating")
            try await eventually("the namespace is gone") { try await project.api.get(path).status == 404 }
            try await project.get("/a").expect(404)
        }

        @Test("86. Some namespaces cannot be deleted")
        func permanentNamespace() async throws {
            let project = try await Project.make()
            try await project.api.send("DELETE", "/api/v1/namespaces/default").expect(
                403, "Forbidden", #"namespaces "default" is forbidden: this namespace may not be deleted"#)
        }
    }
}
