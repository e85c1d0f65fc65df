import JSON
import Testing

extension Statements {
    @Suite("12.7 Dry runs, validation", .serialized)
    struct Options {
        @Test("164. A dry run answers as if, and leaves nothing")
        func dryRun() async throws {
            let project = try await Project.make()
            let version = try await project.version()
            let answer = try await project.post(imageStream("a"), "?dryRun=All")
            answer.expect(201)
            #expect(answer["metadata.uid"] != nil)
            try await project.get("/a").expect(404)
            #expect(try await project.events("resourceVersion=\(version)").isEmpty)
            try await project.post(imageStream("a"), "?dryRun=x").expectInvalid(
                "dryRun", "FieldValueNotSupported", #"Unsupported value: ["x"]"#)
        }

        @Test("165. An unknown field is refused where that is asked for")
        func strict() async throws {
            let answer = try await Project.make().post(
                imageStream("a", spec: #""foo":1"#), "?fieldValidation=Strict")
            answer.expect(400, "BadRequest")
            #expect(answer.message.hasSuffix(#"strict decoding error: unknown field "spec.foo""#))
        }

        @Test("166. An unknown field is warned of, or ignored")
        func warn() async throws {
            let project = try await Project.make()
            let warned = try await project.post(imageStream("a", spec: #""foo":1"#))
            warned.expect(201)
            #expect(warned.headers["Warning"] == [#"299 - "unknown field \"spec.foo\"""#])
            let ignored = try await project.post(imageStream("b", spec: #""foo":1"#), "?fieldValidation=Ignore")
            ignored.expect(201)
            #expect(ignored.headers["Warning"].isEmpty)
        }

        @Test("167. A field that is named twice is refused where that is asked for")
        func duplicates() async throws {
            let project = try await Project.make()
            try await project.post(#"{"metadata":{"name":"a","name":"b"}}"#, "?fieldValidation=Strict").expect(
                400, "BadRequest", containing: #"duplicate field "metadata.name""#)
            try await project.post(
                "metadata:\n  name: a\n  name: b\n", "?fieldValidation=Strict", type: "application/yaml"
            ).expect(400, "BadRequest", containing: #"key "name" already set in map"#)
        }

        @Test("168. The validation itself is validated; a strict patch is invalid by its patch")
        func validation() async throws {
            let project = try await Project.make()
            try await project.post(imageStream("a"), "?fieldValidation=x").expectInvalid(
                "fieldValidation", "FieldValueNotSupported", #"Unsupported value: "x""#)
            try await project.create("a")
            try await project.patch("/a?fieldValidation=Strict", .merge, #"{"spec":{"foo":1}}"#).expectInvalid(
                "patch", "FieldValueInvalid", #"unknown field "spec.foo""#)
        }
    }
}
