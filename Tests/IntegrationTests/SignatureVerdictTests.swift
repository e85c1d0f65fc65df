import Foundation
import JSON
import Testing

/// spec/import-and-controllers.md C.3: what `oc adm verify-image-signature` writes, by updates of the Image.
@Suite("Verdicts about signatures", .sharedServer)
struct SignatureVerdictTests {
    private static let now = "2025-01-31T12:00:00Z"

    /// An Image with two signatures that nobody has looked at.
    private func make() async throws -> (api: API, path: String, name: String) {
        let project = try await Project.make()
        let name = "img-\(project.name)"
        let body = """
            {"kind":"Image","apiVersion":"image.openshift.io/v1","metadata":{"name":"\(name)"},
            "dockerImageReference":"registry.example/a/b:1","signatures":[
            {"metadata":{"name":"\(name)@one"},"type":"AtomicImageV1","content":"b25l"},
            {"metadata":{"name":"\(name)@two"},"type":"AtomicImageV1","content":"dHdv"}]}
            """
        #expect(try await project.api.post(Project.images, body).status == 201)
        return (project.api, "\(Project.images)/\(name)", name)
    }

    /// The Image as the client sends it back, its list of signatures replaced.
    private func update(_ api: API, _ path: String, _ signatures: (JSONValue) -> String) async throws -> API.Answer {
        let current = try await api.get(path).json()
        var members = try #require(current.objectValue)
        members["signatures"] = try JSONValue.parse(signatures(current["signatures"] ?? .array([])))
        return try await api.send("PUT", path, JSONValue.object(members).jsonBytes())
    }

    private func verified(_ signature: JSONValue, by user: String) -> String {
        let conditions = ["Trusted", "ForImage"].map {
            #"{"type":"\#($0)","status":"True","lastProbeTime":"\#(Self.now)","lastTransitionTime":"\#(Self.now)","#
                + #""reason":"manually verified","message":"verified by user \"\#(user)\""}"#
        }
        var text = String(decoding: signature.jsonBytes(), as: UTF8.self)
        text.removeLast()
        return text
            + #","conditions":[\#(conditions.joined(separator: ","))],"issuedBy":{"commonName":"0123456789ABCDEF"}}"#
    }

    @Test("a verdict is stored as it was given, and can be given again")
    func accepted() async throws {
        let (api, path, name) = try await make()
        for user in ["alice", "bob"] {
            let answer = try await update(api, path) { list in
                let elements = list.arrayValue?.elements ?? []
                var first = elements[0].objectValue ?? JSONObject(members: [])
                first["conditions"] = nil
                first["issuedBy"] = nil
                return "[\(verified(.object(first), by: user)),\(elements[1])]"
            }
            #expect(answer.status == 200, "\(answer.text)")
            let stored = try await api.get(path)
            #expect(stored.text(at: "signatures.0.metadata.name") == "\(name)@one")
            #expect(stored.text(at: "signatures.0.content") == "b25l")
            #expect(stored.text(at: "signatures.0.conditions.0.type") == "Trusted")
            #expect(stored.text(at: "signatures.0.conditions.0.reason") == "manually verified")
            #expect(stored.text(at: "signatures.0.conditions.1.type") == "ForImage")
            #expect(stored.text(at: "signatures.0.conditions.1.message") == "verified by user \"\(user)\"")
            #expect(stored.text(at: "signatures.0.conditions.1.lastProbeTime") == Self.now)
            #expect(stored.text(at: "signatures.0.issuedBy.commonName") == "0123456789ABCDEF")
            #expect(stored["signatures.1.conditions"] == nil)
        }
    }

    @Test("an emptied entry takes the verdict away and leaves the signature; the others get theirs")
    func emptied() async throws {
        let (api, path, name) = try await make()
        // What a Go client makes of an empty ImageSignature.
        let empty = #"{"metadata":{"creationTimestamp":null},"type":"","content":null}"#
        let both = try await update(api, path) { list in
            "[\((list.arrayValue?.elements ?? []).map { verified($0, by: "alice") }.joined(separator: ","))]"
        }
        #expect(both.status == 200, "\(both.text)")
        let answer = try await update(api, path) { list in "[\(list.arrayValue?.elements[0] ?? .null),\(empty)]" }
        #expect(answer.status == 200, "\(answer.text)")
        let stored = try await api.get(path)
        #expect(stored.text(at: "signatures.0.conditions.0.type") == "Trusted")
        #expect(stored.text(at: "signatures.1.metadata.name") == "\(name)@two")
        #expect(stored.text(at: "signatures.1.content") == "dHdv")
        #expect(stored["signatures.1.conditions"] == nil)
        #expect(stored["signatures.1.issuedBy"] == nil)
        // In no place it says nothing.
        let more = try await update(api, path) { list in
            "[\((list.arrayValue?.elements ?? []).map(\.description).joined(separator: ",")),\(empty)]"
        }
        #expect(more.status == 200, "\(more.text)")
        #expect(try await api.get(path)["signatures"]?.arrayValue?.count == 2)
    }

    @Test("half a verdict, and claims without one, are refused")
    func half() async throws {
        let (api, path, name) = try await make()
        func refused(_ signature: String, _ text: String) async throws {
            let answer = try await update(api, path) { list in "[\(signature),\(list.arrayValue?.elements[1] ?? .null)]"
            }
            answer.expect(422, "Invalid", containing: text)
        }
        let head = #"{"metadata":{"name":"\#(name)@one"},"type":"AtomicImageV1","content":"b25l""#
        let trusted = #"{"type":"Trusted","status":"True","lastProbeTime":"\#(Self.now)"}"#
        let forImage = #"{"type":"ForImage","status":"True","lastProbeTime":"\#(Self.now)"}"#
        try await refused(head + #","conditions":[\#(trusted)]}"#, #"missing "ForImage" condition type"#)
        try await refused(head + #","conditions":[\#(forImage)]}"#, #"missing "Trusted" condition type"#)
        try await refused(
            head + #","issuedBy":{"commonName":"key"}}"#,
            "signatures[0].issuedBy: Invalid value: {\"Organization\":\"\",\"CommonName\":\"key\"}: must be unset for unknown signature state"
        )
        let unknown = trusted.replacing(#""True""#, with: #""Unknown""#)
        try await refused(
            head + #","conditions":[\#(unknown),\#(forImage)],"imageIdentity":"id"}"#,
            "must be unset for unknown signature state")
    }

    @Test("an empty list takes all signatures away")
    func removed() async throws {
        let (api, path, name) = try await make()
        let answer = try await update(api, path) { _ in "[]" }
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer["signatures"] == nil)
        #expect(try await api.get(path)["signatures"] == nil)
        // They can come again.
        let again = try await api.post(
            "\(Project.group)/imagesignatures",
            #"{"kind":"ImageSignature","apiVersion":"image.openshift.io/v1","metadata":{"name":"\#(name)@one"},"#
                + #""type":"AtomicImageV1","content":"b25l"}"#)
        #expect(again.status == 201, "\(again.text)")
    }

    @Test("two verdicts at the same time: the later one is told, and nothing is lost")
    func conflict() async throws {
        let (api, path, _) = try await make()
        let old = try await api.get(path).json()
        let first = try await update(api, path) { list in
            "[\(verified(list.arrayValue?.elements[0] ?? .null, by: "alice")),\(list.arrayValue?.elements[1] ?? .null)]"
        }
        #expect(first.status == 200)
        let second = try await api.send("PUT", path, old.jsonBytes())
        second.expect(409, "Conflict")
        #expect(try await api.get(path).text(at: "signatures.0.conditions.0.status") == "True")
    }
}
