import APIMachinery
import HTTPTypes
import ImageAPI
import JSON
import Testing

@testable import APIServer

/// Lets everybody do some verbs.
private struct Verbs: Authorizer {
    let allowed: Set<String>
    func authorize(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> AccessDecision {
        allowed.contains(attributes.verb) ? .allowed : AccessDecision(isAllowed: false, reason: "not this verb")
    }
}

@Suite("What an apply must be allowed to do")
struct ApplyPermissionTests {
    private static func apply(_ name: String, on shelf: Shelf, _ allowed: Set<String>) async throws -> TestAPI.Answer {
        let api = TestAPI(
            resources: [StoredResource(shelf.objects, strategy: PlainStrategy())], authorizer: Verbs(allowed: allowed))
        let body =
            #"{"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"\#(name)","labels":{"a":"1"}}}"#
        return try await api.send(
            "PATCH", TestAPI.path + "/\(name)", query: "fieldManager=m",
            headers: [.contentType: "application/apply-patch+yaml"], body: Array(body.utf8))
    }

    @Test("To patch what is there, to create as well what is not")
    func permissions() async throws {
        try await Shelf.with { shelf in
            try await shelf.create("there")
            #expect(try await Self.apply("there", on: shelf, ["patch"]).status == 200)
            let refused = try await Self.apply("absent", on: shelf, ["patch"])
            #expect(refused.status == 403)
            #expect(
                refused.message == "imagestreams.image.openshift.io \"absent\" is forbidden: not this verb")
            #expect(try await shelf.objects.object("absent", namespace: "p") == nil)
            #expect(try await Self.apply("absent", on: shelf, ["create"]).status == 403)
            #expect(try await Self.apply("absent", on: shelf, ["patch", "create"]).status == 201)
        }
    }
}
