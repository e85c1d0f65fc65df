import Foundation
import RegistryTesting
import Testing

@Suite("Who may come in")
struct IdentityTests {
    @Test("Tokens: the right one is the administrator, a wrong one gets 401, none is anonymous and gets 403")
    func tokens() async throws {
        try await WeirProcess.run { server, api in
            #expect(try await api.get("/api/v1/namespaces").status == 200)
            var stranger = api
            for token in [
                "wrong", try server.token() + "x", "weir~", String(repeating: "a", count: 10_000), "\u{1F600}",
            ] {
                stranger.token = token
                let answer = try await stranger.get("/api/v1/namespaces")
                #expect(answer.status == 401, "\(token.prefix(20)): \(answer.status)")
                #expect(answer.message == "Unauthorized")
            }
            stranger.token = nil
            let denied = try await stranger.get("/api/v1/namespaces")
            #expect(denied.status == 403)
            #expect(denied.message.hasPrefix("namespaces is forbidden: User \"system:anonymous\" cannot list"))
            #expect(try await stranger.post("/api/v1/namespaces", "{").status == 403)
            #expect(try await stranger.get("/apis/image.openshift.io/v1").status == 403)
            for open in ["/healthz", "/livez", "/readyz", "/version"] {
                #expect(try await stranger.get(open).status == 200, "\(open)")
            }
            for header in ["Basic YWRtaW46YWRtaW4=", "Bearer", "bearer ", ""] {
                let answer = try await stranger.send("GET", "/api/v1/namespaces", headers: [("Authorization", header)])
                #expect(answer.status == 403 || answer.status == 401, "\(header): \(answer.status)")
            }
        }
    }

    @Test("The registry's door opens to the token, also as a password, and to nothing else")
    func registry() async throws {
        try await WeirProcess.run { server, api in
            var stranger = api
            stranger.token = nil
            let token = try String(contentsOfFile: server.directory + "/admin.token", encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            let basic = Data("anybody:\(token)".utf8).base64EncodedString()
            for (header, status) in [
                ("Basic \(basic)", 200), ("Bearer \(token)", 200), ("Basic YWRtaW46eA==", 401), ("Basic ?", 401),
            ] {
                let answer = try await stranger.send("GET", "/v2/", headers: [("Authorization", header)])
                #expect(answer.status == status, "\(header)")
            }
            #expect(try await stranger.get("/v2/").status == 401)
            #expect(try await api.get("/v2/team/app/tags/list").status == 404)
            // What is not there is as good as deleted for who prunes images (spec/registry.md Q-1).
            let blob = "/admin/blobs/sha256:" + String(repeating: "a", count: 64)
            #expect(try await api.send("DELETE", blob).status == 204)
            #expect(try await stranger.send("DELETE", blob).status == 401)
            #expect(try await api.get(blob).status == 405)
        }
    }

    @Test("Certificates: the server's own authority names users, another one's are refused")
    func certificates() async throws {
        let scratch = try Scratch()
        try await WeirProcess.run { server, _ in
            let own = (server.directory + "/admin.crt", server.directory + "/admin.key")
            try await API.with(server, certificate: own) { api in
                let answer = try await api.get("/api/v1/namespaces")
                #expect(answer.status == 200)
            }
            // Signed by a stranger, with the name of the administrator.
            let (key, certificate) = (scratch.path + "/key.pem", scratch.path + "/cert.pem")
            try Command.run(
                "openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/O=system:masters/CN=system:admin", "-keyout", key, "-out", certificate,
                ])
            let connection = try await RawConnection(server, certificate: (certificate, key))
            try? await connection.send("GET /api/v1/namespaces HTTP/1.1\r\nHost: x\r\n\r\n")
            try await eventually("the connection is refused") { connection.isClosed || !connection.received.isEmpty }
            #expect(connection.received.isEmpty, "\(connection.received)")
            // The certificate of the server itself is of the right authority, but names no administrator.
            let serving = (server.directory + "/serving.crt", server.directory + "/serving.key")
            let answer = await Result.of { () async throws -> Int in
                try await API.with(server, certificate: serving) { try await $0.get("/api/v1/namespaces").status }
            }
            if case .success(let status) = answer { #expect(status == 403) }
        }
    }

    @Test("Plain HTTP on the TLS port is answered with nothing that works")
    func plain() async throws {
        try await WeirProcess.run { server, _ in
            let result = try await run(
                "curl", ["-s", "--max-time", "10", "http://127.0.0.1:\(server.port)/api/v1/namespaces"])
            #expect(result.exit != 0)
        }
    }
}

extension Result where Failure == any Error {
    static func of(_ body: () async throws -> Success) async -> Result {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
