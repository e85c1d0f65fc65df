import JSON
import Testing

extension Statements {
    @Suite("12.1 URLs, verbs, codes", .serialized)
    struct URLs {
        @Test("1. GET of an absent object is a NotFound that names it")
        func absent() async throws {
            let answer = try await Project.make().get("/absent")
            answer.expect(404, "NotFound", #"imagestreams.image.openshift.io "absent" not found"#)
            #expect(
                answer["details"] == ["name": "absent", "group": "image.openshift.io", "kind": "imagestreams"])
        }

        @Test("2. POST of a valid object gives it back with what the server adds")
        func create() async throws {
            let answer = try await Project.make().post(imageStream("a"))
            answer.expect(201)
            for field in ["uid", "resourceVersion", "creationTimestamp"] {
                #expect(answer.text(at: "metadata.\(field)")?.isEmpty == false, "\(field)")
            }
            #expect(answer["metadata.generation"] == 1)
        }

        @Test("3. POST across all namespaces is not allowed")
        func createEverywhere() async throws {
            let project = try await Project.make()
            try await project.api.post("\(Project.group)/imagestreams", imageStream("a"))
                .expect(405, "MethodNotAllowed")
        }

        @Test("4. DELETE across all namespaces is not allowed")
        func deleteEverywhere() async throws {
            let project = try await Project.make()
            try await project.create("a")
            try await project.api.send("DELETE", "\(Project.group)/imagestreams").expect(405, "MethodNotAllowed")
            try await project.get("/a").expect(200)
        }

        @Test("5. PUT of an absent object does not create it")
        func updateAbsent() async throws {
            let project = try await Project.make()
            try await project.put("/absent", .parse(imageStream("absent", #""resourceVersion":"1""#)))
                .expect(404, "NotFound", #"imagestreams.image.openshift.io "absent" not found"#)
        }

        @Test("6. An unknown resource of a known group is a Status")
        func unknownResource() async throws {
            let answer = try await Project.make().api.get("\(Project.group)/foos")
            answer.expect(404, "NotFound", "the server could not find the requested resource")
            #expect(answer["details"] == [:])
            #expect(answer.header("Content-Type") == "application/json")
        }

        @Test("7. An unknown group is plain text")
        func unknownGroup() async throws {
            let answer = try await Project.make().api.get("/apis/nope.example/v1")
            answer.expect(404)
            #expect(answer.header("Content-Type")?.hasPrefix("text/plain") == true)
            #expect(answer.text == "404 page not found\n")
        }

        @Test("8. An unknown path is forbidden, not absent, for somebody without rights")
        func forbiddenPath() async throws {
            let project = try await Project.make()
            try await project.api.send("GET", "/nope", headers: [("Impersonate-User", "u")])
                .expect(403, "Forbidden", #"forbidden: User "u" cannot get path "/nope""#)
        }

        @Test("9. watch without a value watches; 0 and false in any case list")
        func watchFlag() async throws {
            let project = try await Project.make()
            try await project.create("a")
            let watched = try await project.get("?watch&timeoutSeconds=1")
            #expect(watched["type"] == "ADDED", "\(watched.text)")
            for query in ["?watch=0", "?watch=FALSE"] {
                #expect(try await project.get(query)["kind"] == "ImageStreamList", "\(query)")
            }
        }

        @Test("10. The old watch path of one object streams only that object")
        func oldWatchPath() async throws {
            let project = try await Project.make()
            try await project.create("a")
            try await project.create("b")
            let answer = try await project.api.get(
                "\(Project.group)/watch/namespaces/\(project.name)/imagestreams/a?timeoutSeconds=1")
            let events = try answer.text.split(separator: "\n").map { Watch.Event(try .parse(String($0))) }
            #expect(events.map(\.description) == ["ADDED a"])
        }

        @Test("11. Computed resources cannot be watched")
        func watchTags() async throws {
            let project = try await Project.make()
            try await project.api.get("\(Project.group)/namespaces/\(project.name)/imagestreamtags?watch=1").expect(
                405, "MethodNotAllowed",
                #"watch is not supported on resources of kind "imagestreamtags.image.openshift.io""#)
        }

        @Test("12. The export parameter is refused")
        func export() async throws {
            let project = try await Project.make()
            try await project.create("a")
            try await project.get("/a?export=true").expect(
                400, "BadRequest", "the export parameter, deprecated since v1.14, is no longer supported")
        }

        @Test("13. A timeout that is no duration is refused")
        func timeout() async throws {
            let project = try await Project.make()
            try await project.create("a")
            try await project.get("/a?timeout=abc").expect(
                400, "BadRequest", containing: "invalid timeout specified in the request URL")
            try await project.get("/a?timeout=10s").expect(200)
        }

        @Test("14. The status subresource is the object; an unknown subresource is absent")
        func subresources() async throws {
            let project = try await Project.make()
            try await project.create("a")
            let status = try await project.get("/a/status")
            status.expect(200)
            #expect(status["kind"] == "ImageStream" && status["metadata.name"] == "a")
            try await project.get("/a/nosub").expect(404, "NotFound")
        }

        @Test("15. POST to a name is not allowed")
        func createNamed() async throws {
            let project = try await Project.make()
            try await project.api.post("\(Project.images)/x", image(#""name":"x""#)).expect(405, "MethodNotAllowed")
        }

        @Test("16. HEAD of an object is not allowed")
        func head() async throws {
            let project = try await Project.make()
            try await project.create("a")
            let answer = try await project.api.send("HEAD", "\(project.streams)/a")
            #expect(answer.status == 405)
            #expect(answer.body.isEmpty)
        }

        @Test("17. The root lists the paths, sorted")
        func root() async throws {
            let answer = try await Project.make().api.get("/")
            answer.expect(200)
            let paths = answer["paths"]?.arrayValue?.compactMap(\.stringValue) ?? []
            #expect(paths.contains("/apis/image.openshift.io/v1"))
            #expect(paths == paths.sorted())
        }
    }
}
