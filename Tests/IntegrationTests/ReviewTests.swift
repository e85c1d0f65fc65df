import Foundation
import JSON
import Testing

@Suite("Reviews of who somebody is")
struct ReviewTests {
    /// What `oc whoami` sends (spec/clients.md 1.5).
    private static let protobufReview =
        "6b3873000a2d0a1861757468656e7469636174696f6e2e6b38732e696f2f7631121153656c665375626a656374526576696577121a0a100a0012001a0022002a0032003800420012060a040a0012001a002200"

    private static func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.count, by: 2).compactMap { offset in
            UInt8(hex.dropFirst(offset).prefix(2), radix: 16)
        }
    }

    @Test("SelfSubjectReview takes JSON and protobuf, and tells user and groups")
    func selfSubject() async throws {
        try await WeirProcess.run { _, api in
            let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
            let json = try await api.post(
                path, #"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}"#)
            let protobuf = try await api.send(
                "POST", path, Self.bytes(Self.protobufReview), type: "application/vnd.kubernetes.protobuf",
                headers: [("Accept", "application/vnd.kubernetes.protobuf,application/json")])
            #expect(json.status == 201)
            #expect(protobuf.status == 201)
            #expect(try json.json()["status"]?["userInfo"]?["username"]?.stringValue == "system:admin")
            #expect(
                try json.json()["status"]?["userInfo"]?["groups"]?.arrayValue?.compactMap(\.stringValue)
                    == ["system:masters", "system:authenticated"])
            #expect(protobuf.body.starts(with: Array("k8s\0".utf8)) || protobuf.text.contains("system:admin"))
            #expect(try await api.get(path).status == 405)
            var stranger = api
            stranger.token = nil
            #expect(try await stranger.post(path, "{}").status == 403)
        }
    }

    @Test("TokenReview knows a good token, and says of others only that they are not good")
    func tokenReview() async throws {
        try await WeirProcess.run { server, api in
            let path = "/apis/authentication.k8s.io/v1/tokenreviews"
            func review(_ spec: String) async throws -> (Int, JSONValue) {
                let answer = try await api.post(
                    path, #"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":\#(spec)}"#)
                return (answer.status, try answer.json())
            }
            let bad = try await review(#"{"token":"bad"}"#)
            #expect(bad.0 == 201)
            #expect(bad.1["status"]?["authenticated"] == nil)
            #expect(bad.1["status"]?["error"]?.stringValue == "invalid bearer token")
            let token = try server.token()
            let good = try await review(#"{"token":"\#(token)"}"#)
            #expect(good.1["status"]?["authenticated"]?.boolValue == true)
            #expect(good.1["status"]?["user"]?["username"]?.stringValue == "system:admin")
            #expect(good.1["status"]?["audiences"]?.arrayValue?.count == 1)
            let elsewhere = try await review(#"{"token":"\#(token)","audiences":["vault"]}"#)
            #expect(elsewhere.1["status"]?["authenticated"] == nil)
            let none = try await review("{}")
            #expect(none.0 == 400)
            #expect(none.1["message"]?.stringValue == "token is required for TokenReview in authentication")
        }
    }

    @Test("The issuer describes itself and its keys to anybody; its key file is nobody else's, and stays")
    func issuer() async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/data"
        var seen: [String] = []
        for _ in 0..<2 {
            try await WeirProcess.run(directory, ["--service-account-issuer", "https://issuer.example"]) { _, api in
                var stranger = api
                stranger.token = nil
                let document = try await stranger.get("/.well-known/openid-configuration").json()
                #expect(document["issuer"]?.stringValue == "https://issuer.example")
                let keys = try await stranger.get("/openid/v1/jwks")
                #expect(keys.status == 200)
                #expect(keys.headers.first(name: "content-type") == "application/jwk-set+json")
                #expect(!keys.text.contains("\"d\""))
                seen.append(keys.text)
            }
        }
        #expect(seen.count == 2 && seen[0] == seen[1])
        let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/serviceaccount.key")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
}
