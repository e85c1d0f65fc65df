import JSON
import Testing

extension Statements {
    @Suite("12.3 Updates", .serialized)
    struct Updates {
        /// A stream `a`, as it is stored.
        private static func one(_ metadata: String = "") async throws -> (Project, JSONValue) {
            let project = try await Project.make()
            return (project, try await project.create("a", metadata))
        }

        @Test("64. PUT cannot rename")
        func rename() async throws {
            var (project, stream) = try await Self.one()
            stream["metadata"]?["name"] = "b"
            try await project.put("/a", stream).expect(
                400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)")
        }

        @Test("65. PUT of an image stream needs its version")
        func noVersion() async throws {
            var (project, stream) = try await Self.one()
            stream["metadata"]?["resourceVersion"] = nil
            try await project.put("/a", stream).expectInvalid(
                "metadata.resourceVersion", nil, "must be specified for an update")
        }

        @Test("66. PUT of a namespace does not need a version")
        func namespaceWithoutVersion() async throws {
            let project = try await Project.make()
            let metadata = #"{"name":"\#(project.name)","labels":{"a":"b"}}"#
            let body = #"{"kind":"Namespace","apiVersion":"v1","metadata":\#(metadata)}"#
            let answer = try await project.api.send("PUT", "/api/v1/namespaces/\(project.name)", Array(body.utf8))
            answer.expect(200)
            #expect(answer["metadata.labels.a"] == "b")
        }

        @Test("67. PUT of an old version is a Conflict")
        func stale() async throws {
            let (project, stream) = try await Self.one()
            try await project.change("a", #"{"metadata":{"labels":{"x":"1"}}}"#)
            try await project.put("/a", stream).expect(
                409, "Conflict",
                #"Operation cannot be fulfilled on imagestreams.image.openshift.io "a": the object has been modified; please apply your changes to the latest version and try again"#
            )
        }

        @Test("68. PUT of another object of the same name is a Conflict")
        func otherUID() async throws {
            var (project, stream) = try await Self.one()
            stream["metadata"]?["uid"] = "11111111-2222-4333-8444-555555555555"
            try await project.put("/a", stream).expect(409, "Conflict")
        }

        @Test("69. PUT of what is there writes nothing")
        func unchanged() async throws {
            let (project, stream) = try await Self.one()
            let answer = try await project.put("/a", stream)
            answer.expect(200)
            #expect(try answer.json().version == stream.version)
            #expect(try await project.events("resourceVersion=\(stream.version)").isEmpty)
        }

        @Test("70. PUT cannot change the time of creation, and does not fail for it")
        func creationTime() async throws {
            var (project, stream) = try await Self.one()
            let time = stream.at("metadata.creationTimestamp")
            stream["metadata"]?["creationTimestamp"] = "2001-02-03T04:05:06Z"
            let answer = try await project.put("/a", stream)
            answer.expect(200)
            #expect(answer["metadata.creationTimestamp"] == time)
        }

        // MARK: Finalizers

        private static let finalizer = #""finalizers":["example.com/f"]"#

        @Test("71. A finalizer keeps a deleted object, which is marked")
        func finalizer() async throws {
            let (project, _) = try await Self.one(Self.finalizer)
            let deleted = try await project.delete("/a")
            deleted.expect(200)
            #expect(deleted["kind"] == "ImageStream")
            #expect(deleted.text(at: "metadata.deletionTimestamp")?.hasSuffix("Z") == true)
            #expect(deleted["metadata.deletionGracePeriodSeconds"] == 0)
            try await project.get("/a").expect(200)
        }

        @Test("72. A second DELETE changes nothing")
        func deletedTwice() async throws {
            let (project, _) = try await Self.one(Self.finalizer)
            let first = try await project.delete("/a")
            let second = try await project.delete("/a")
            second.expect(200)
            #expect(second["metadata.deletionTimestamp"] != nil)
            #expect(try second.json()["metadata"] == first.json()["metadata"])
        }

        @Test("73. PUT without the last finalizer is the end of a deleted object")
        func lastFinalizer() async throws {
            let (project, stream) = try await Self.one(Self.finalizer)
            var deleted = try await project.delete("/a").json()
            deleted["metadata"]?["finalizers"] = nil
            try await project.put("/a", deleted).expect(200)
            try await project.get("/a").expect(404)
            let events = try await project.events("resourceVersion=\(stream.version)")
            #expect(events.map(\.type) == ["MODIFIED", "DELETED"])
        }

        @Test("74. A deleted object takes no new finalizers")
        func newFinalizer() async throws {
            let (project, _) = try await Self.one(Self.finalizer)
            var deleted = try await project.delete("/a").json()
            deleted["metadata"]?["finalizers"] = ["example.com/f", "example.com/g"]
            try await project.put("/a", deleted).expectInvalid(
                "metadata.finalizers", nil,
                #"no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/g"}"#
            )
        }
    }
}
