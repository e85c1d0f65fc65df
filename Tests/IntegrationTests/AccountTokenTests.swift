import Foundation
import JSON
import Testing

@Suite("Tokens of service accounts")
struct AccountTokenTests {
    private static let review = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    /// A request for an hour, as kubectl sends it (spec/clients.md 1.5).
    private static let protobufRequest =
        "6b3873000a280a1861757468656e7469636174696f6e2e6b38732e696f2f7631120c546f6b656e52657175657374121d0a100a0012001a0022002a00320038004200120320901c1a040a0012001a002200"

    private static func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
    }

    @Test("are given out for JSON and protobuf, name the account, and end with it or with their secret")
    func life() async throws {
        try await WeirProcess.run { _, api in
            try await api.createNamespace("prod")
            let accounts = "/api/v1/namespaces/prod/serviceaccounts"
            #expect(try await api.post(accounts, #"{"metadata":{"name":"robot"}}"#).status == 201)
            #expect(try await api.post("\(accounts)/nobody/token", "{}").status == 404)
            let short = try await api.post("\(accounts)/robot/token", #"{"spec":{"expirationSeconds":599}}"#)
            #expect(short.status == 422)
            let json = try await api.post(
                "\(accounts)/robot/token",
                #"{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{}}"#)
            #expect(json.status == 201)
            let protobuf = try await api.send(
                "POST", "\(accounts)/robot/token", Self.bytes(Self.protobufRequest),
                type: "application/vnd.kubernetes.protobuf", headers: [("Accept", "application/json")])
            #expect(protobuf.status == 201)
            #expect(try protobuf.json()["spec"]?["expirationSeconds"]?.integerValue == 3600)
            var robot = api
            for answer in [json, protobuf] {
                robot.token = try #require(try answer.json()["status"]?["token"]?.stringValue)
                let info = try await robot.post(Self.review, "{}").json()["status"]?["userInfo"]
                #expect(info?["username"]?.stringValue == "system:serviceaccount:prod:robot")
                #expect(
                    info?["groups"]?.arrayValue?.compactMap(\.stringValue) == [
                        "system:serviceaccounts", "system:serviceaccounts:prod", "system:authenticated",
                    ])
            }
            var forVault = api
            let vault = try await api.post("\(accounts)/robot/token", #"{"spec":{"audiences":["vault"]}}"#).json()
            let vaultToken = try #require(vault["status"]?["token"]?.stringValue)
            forVault.token = vaultToken
            #expect(try await forVault.post(Self.review, "{}").status == 401)
            let checked = try await api.post(
                "/apis/authentication.k8s.io/v1/tokenreviews",
                #"{"spec":{"token":"\#(vaultToken)","audiences":["vault","x"]}}"#
            ).json()
            #expect(checked["status"]?["authenticated"]?.boolValue == true)
            #expect(checked["status"]?["audiences"]?.arrayValue?.compactMap(\.stringValue) == ["vault"])

            let secrets = "/api/v1/namespaces/prod/secrets"
            #expect(try await api.post(secrets, #"{"metadata":{"name":"s"}}"#).status == 201)
            let bound = try await api.post(
                "\(accounts)/robot/token",
                #"{"spec":{"boundObjectRef":{"kind":"Secret","apiVersion":"v1","name":"s"}}}"#
            ).json()
            var boundRobot = api
            boundRobot.token = try #require(bound["status"]?["token"]?.stringValue)
            #expect(try await boundRobot.post(Self.review, "{}").status == 201)
            #expect(try await api.send("DELETE", "\(secrets)/s").status == 200)
            #expect(try await boundRobot.post(Self.review, "{}").status == 401)

            #expect(try await robot.post(Self.review, "{}").status == 201)
            #expect(try await api.send("DELETE", "\(accounts)/robot").status == 200)
            #expect(try await robot.post(Self.review, "{}").status == 401)
            #expect(try await api.post(accounts, #"{"metadata":{"name":"robot"}}"#).status == 201)
            #expect(try await robot.post(Self.review, "{}").status == 401, "another account of the name")
        }
    }

    @Test("kubectl create token and kubectl auth whoami")
    func kubectl() async throws {
        try await WeirProcess.run { server, _ in
            // These commands are of 1.24 and 1.27.
            let help = try await IntegrationTests.run(
                "sh", ["-c", "kubectl create token --help; kubectl auth whoami --help"])
            guard help.output.contains("service account token"), help.output.contains("kubectl auth whoami") else {
                return
            }
            let config = ["--kubeconfig", server.kubeconfig]
            let made = try await IntegrationTests.run(
                "kubectl", ["create", "token", "default", "-n", "default", "--duration", "10m"] + config)
            #expect(made.exit == 0, "\(made.errors)")
            let token = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(token.split(separator: ".").count == 3)
            // Without the administrator's certificate, which would count first.
            let who = try await IntegrationTests.run(
                "kubectl",
                [
                    "auth", "whoami", "-o", "json", "--kubeconfig", "/dev/null", "--server", server.url,
                    "--certificate-authority", server.authority, "--token", token,
                ])
            #expect(who.output.contains("system:serviceaccount:default:default"), "\(who.output) \(who.errors)")
        }
    }
}
