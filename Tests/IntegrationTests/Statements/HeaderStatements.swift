import JSON
import NIOHTTP1
import Testing

extension Statements {
    @Suite("12.2 Headers and bodies", .serialized)
    struct Headers {
        @Test("39. Long answers are compressed where the client takes it, short ones are not")
        func compression() async throws {
            let project = try await Project.make()
            try await project.create("a", #""annotations":{"x":"\#(String(repeating: "x", count: 140_000))"}"#)
            try await project.create("b")
            let long = try await project.get("", ("Accept-Encoding", "gzip"))
            #expect(long.header("Content-Encoding") == "gzip")
            #expect(long.headers["Vary"].contains { $0.contains("Accept-Encoding") })
            #expect(long.body.starts(with: [0x1f, 0x8b]))
            let short = try await project.get("/b", ("Accept-Encoding", "gzip"))
            #expect(short.header("Content-Encoding") == nil)
            #expect(short["metadata.name"] == "b")
        }

        @Test("40. A watch is never compressed")
        func watchCompression() async throws {
            let project = try await Project.make()
            try await project.create("a", #""annotations":{"x":"\#(String(repeating: "x", count: 140_000))"}"#)
            let answer = try await project.get("?watch=1&timeoutSeconds=1", ("Accept-Encoding", "gzip"))
            #expect(answer.header("Content-Encoding") == nil)
            #expect(answer["object.metadata.name"] == "a")
        }

        @Test("41. Every answer has an Audit-ID, the request's own where it has one")
        func auditID() async throws {
            let project = try await Project.make()
            for path in ["", "/absent", "?limit=x"] {
                #expect(try await project.get(path).header("Audit-ID")?.isEmpty == false, "\(path)")
            }
            #expect(try await project.get("", ("Audit-ID", "x")).header("Audit-ID") == "x")
        }

        @Test("42. Answers are not to be cached")
        func cacheControl() async throws {
            #expect(try await Project.make().get().header("Cache-Control") == "no-cache, private")
        }

        @Test("43. Answers are indented for people")
        func pretty() async throws {
            let project = try await Project.make()
            try await project.create("a")
            #expect(try await project.get("/a?pretty=true").text.hasPrefix("{\n  \"kind\""))
            #expect(try await project.get("/a", ("User-Agent", "curl/8")).text.hasPrefix("{\n  \"kind\""))
            #expect(
                try await project.get("/a?pretty=false", ("User-Agent", "curl/8")).text.hasPrefix(#"{"kind""#))
        }

        @Test("44. A body over the limit is too large")
        func tooLarge() async throws {
            let body = imageStream("a", #""annotations":{"x":"ANNOTATION"}"#)
            let filler = String(repeating: "x", count: 3_145_729 - body.utf8.count + "ANNOTATION".utf8.count)
            try await Project.make().post(body.replacing("ANNOTATION", with: filler)).expect(
                413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728")
        }

        @Test("45. Malformed and empty bodies are bad requests")
        func malformed() async throws {
            let project = try await Project.make()
            try await project.post(#"{"kind":"ImageStream","#).expect(400, "BadRequest")
            try await project.post("").expect(400, "BadRequest")
        }

        @Test("46. A body of another version or kind is refused")
        func otherType() async throws {
            let project = try await Project.make()
            for (version, kind) in [("image.openshift.io/v2", "ImageStream"), ("v1", "Pod")] {
                try await project.post(#"{"apiVersion":"\#(version)","kind":"\#(kind)","metadata":{"name":"a"}}"#)
                    .expect(400, "BadRequest")
            }
        }

        @Test("47. A body without a type is of the type of its URL")
        func untypedBody() async throws {
            let answer = try await Project.make().post(#"{"metadata":{"name":"a"}}"#)
            answer.expect(201)
            #expect(answer["kind"] == "ImageStream" && answer["apiVersion"] == "image.openshift.io/v1")
        }

        @Test("48. A warning is quoted, and quotes within it are escaped")
        func warning() async throws {
            let answer = try await Project.make().post(imageStream("a", spec: #""foo":1"#))
            answer.expect(201)
            #expect(answer.headers["Warning"] == [#"299 - "unknown field \"spec.foo\"""#])
        }
    }
}
