import JSON
import Testing

extension Statements {
    @Suite("12.3 Metadata of new objects", .serialized)
    struct Metadata {
        @Test("49. A body cannot name another namespace than the URL")
        func otherNamespace() async throws {
            try await Project.make().post(imageStream("a", #""namespace":"other""#)).expect(
                400, "BadRequest",
                "the namespace of the provided object does not match the namespace sent on the request")
        }

        @Test("50. A name is required")
        func noName() async throws {
            try await Project.make().post(#"{"metadata":{}}"#).expectInvalid(
                "metadata.name", "FieldValueRequired", "Required value: name or generateName is required")
        }

        // Image streams refuse a base that ends in a dash (recorded: create-generate-name/trailing-dash); images do not.
        @Test("51. A generated name is its base, cut to fit, and five characters")
        func generateName() async throws {
            let project = try await Project.make()
            func generate(_ base: String) async throws -> String {
                let answer = try await project.api.post(Project.images, image(#""generateName":"\#(base)""#))
                answer.expect(201)
                return answer.text(at: "metadata.name") ?? ""
            }
            let name = try await generate("a-")
            #expect(name.wholeMatch(of: /a-[bcdfghjklmnpqrstvwxz2456789]{5}/) != nil, "\(name)")
            let long = try await generate(String(repeating: "a", count: 70))
            #expect(long.utf8.count == 63)
            for name in [name, long] { try await project.api.send("DELETE", "\(Project.images)/\(name)").expect(200) }
        }

        @Test("52. A name that is taken is AlreadyExists")
        func taken() async throws {
            let project = try await Project.make()
            try await project.create("a")
            try await project.post(imageStream("a")).expect(
                409, "AlreadyExists", #"imagestreams.image.openshift.io "a" already exists"#)
        }

        @Test("53. A name that is taken by an object being deleted says so")
        func takenByDeleted() async throws {
            let project = try await Project.make()
            try await project.create("a", #""finalizers":["example.com/f"]"#)
            try await project.delete("/a").expect(200)
            try await project.post(imageStream("a")).expect(
                409, "AlreadyExists", #"object is being deleted: imagestreams.image.openshift.io "a" already exists"#)
        }

        @Test("54. What the server decides cannot be set")
        func systemFields() async throws {
            let uid = "11111111-2222-4333-8444-555555555555"
            let time = "2001-02-03T04:05:06Z"
            let created = try await Project.make().create(
                "a",
                #""uid":"\#(uid)","creationTimestamp":"\#(time)","deletionTimestamp":"\#(time)","selfLink":"/x""#)
            #expect(created.text(at: "metadata.uid") != uid)
            #expect(created.text(at: "metadata.creationTimestamp") != time)
            #expect(created.at("metadata.deletionTimestamp") == nil && created.at("metadata.selfLink") == nil)
        }

        @Test("55. A new object has no version yet")
        func resourceVersion() async throws {
            try await Project.make().post(imageStream("a", #""resourceVersion":"5""#)).expect(
                500, nil, "resourceVersion should not be set on objects to be created")
        }

        @Test("56. The namespace must exist")
        func absentNamespace() async throws {
            let project = try await Project.make()
            let answer = try await project.api.post(API.streams("nope"), imageStream("a"))
            answer.expect(404, "NotFound", #"namespaces "nope" not found"#)
            #expect(answer["details.kind"] == "namespaces")
        }

        @Test("57. Nothing is created in a namespace that is being deleted")
        func terminatingNamespace() async throws {
            let project = try await Project.make()
            let path = "/api/v1/namespaces/\(project.name)"
            let finalizers = { (list: String) in Array(#"{"metadata":{"finalizers":\#(list)}}"#.utf8) }
            let type = Project.Patch.merge.rawValue
            try await project.api.send("PATCH", path, finalizers(#"["example.com/f"]"#), type: type).expect(200)
            try await project.api.send("DELETE", path).expect(200)
            let answer = try await project.post(imageStream("a"))
            answer.expect(403, "Forbidden")
            #expect(answer["details.causes.0.reason"] == "NamespaceTerminating")
            try await project.api.send("PATCH", path, finalizers("[]"), type: type).expect(200)
        }

        @Test("58. A name is a segment of a path", arguments: ["a%b", ".."])
        func badName(name: String) async throws {
            try await Project.make().post(imageStream(name)).expectInvalid("metadata.name", nil, "may not")
        }

        @Test("59. A label's value has at most 63 bytes")
        func longLabel() async throws {
            let project = try await Project.make()
            let value = String(repeating: "v", count: 63)
            try await project.post(imageStream("a", #""labels":{"k":"\#(value)v"}"#)).expectInvalid(
                "metadata.labels", nil, "must be no more than 63 characters")
            try await project.create("a", #""labels":{"k":"\#(value)"}"#)
        }

        @Test("60. A label's key has at most one slash; an annotation's may be in upper case")
        func keys() async throws {
            let project = try await Project.make()
            try await project.post(imageStream("a", #""labels":{"a/b/c":"x"}"#)).expectInvalid(
                "metadata.labels", nil, "a qualified name must consist of")
            try await project.create("a", #""annotations":{"UPPER.example/x":"y"}"#)
        }

        @Test("61. Annotations have at most 262144 bytes in all")
        func annotations() async throws {
            let project = try await Project.make()
            let value = String(repeating: "x", count: 262_142)
            try await project.post(imageStream("a", #""annotations":{"k":"\#(value)x"}"#)).expect(201)
            try await project.post(imageStream("b", #""annotations":{"k":"\#(value)xx"}"#)).expectInvalid(
                "metadata.annotations", nil, "Too long: may not be more than 262144 bytes")
        }

        private static func owner(_ name: String, uid: String, controller: Bool) -> String {
            #"{"apiVersion":"v1","kind":"ConfigMap","name":"\#(name)","uid":"\#(uid)","controller":\#(controller)}"#
        }

        @Test("62. Only one owner can be the controller")
        func controllers() async throws {
            let owners = ["x", "y"].map { Self.owner($0, uid: "u-\($0)", controller: true) }.joined(separator: ",")
            try await Project.make().post(imageStream("a", #""ownerReferences":[\#(owners)]"#)).expectInvalid(
                "metadata.ownerReferences", nil, "Only one reference can have Controller set to true")
        }

        @Test("63. An owner that is named twice is kept once, with a warning")
        func duplicateOwner() async throws {
            let owner = Self.owner("x", uid: "u", controller: false)
            let answer = try await Project.make().post(
                imageStream("a", #""ownerReferences":[\#(owner),\#(owner)]"#))
            answer.expect(201)
            #expect(answer["metadata.ownerReferences"]?.arrayValue?.count == 1)
            #expect(answer.header("Warning")?.contains("metadata.ownerReferences contains duplicate entries") == true)
        }

        @Test("75. A finalizer is a qualified name")
        func finalizerNames() async throws {
            let project = try await Project.make()
            try await project.post(imageStream("a", #""finalizers":["a b"]"#)).expectInvalid(
                "metadata.finalizers", nil, "name part must consist of")
            // Recorded: create-metadata/finalizer-unqualified.
            try await project.post(imageStream("a", #""finalizers":["foo"]"#)).expectInvalid(
                "metadata.finalizers[0]", nil, "name is neither a standard finalizer name nor is it fully qualified")
        }

        @Test("87. A uid is a random UUID, a time is in whole seconds of UTC")
        func formats() async throws {
            let created = try await Project.make().create("a")
            let uid = try #require(created.text(at: "metadata.uid"))
            let hex = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
            #expect(uid.wholeMatch(of: hex) != nil, "\(uid)")
            let time = try #require(created.text(at: "metadata.creationTimestamp"))
            #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil, "\(time)")
        }
    }
}
