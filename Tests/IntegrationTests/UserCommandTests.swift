import Foundation
import JSON
import Testing

@Suite("weir user and weir token")
struct UserCommandTests {
    private static func weir(_ arguments: [String], input: String = "") async throws -> ProgramResult {
        try await IntegrationTests.run(try WeirProcess.executable(), arguments, input: input)
    }

    private static func logIn(_ browser: Browser, _ password: String) async throws -> Browser.Answer {
        try await browser.send(
            "/oauth/authorize?client_id=openshift-challenging-client&response_type=token",
            headers: [("X-CSRF-Token", "1"), Browser.basic("alice", password)])
    }

    @Test("A user is added, logs in, gets another password, and is gone with all tokens when removed")
    func users() async throws {
        try await WeirProcess.run { server, api in
            let place = ["--data-dir", server.directory]
            try await Browser.with(server) { (browser) async throws in
                #expect(try await Self.logIn(browser, "one").status == 401)
                let added = try await Self.weir(["user", "add", "alice"] + place, input: "one\n")
                #expect(added.exit == 0, "\(added.errors)")
                #expect(try await Self.weir(["user", "add", "alice"] + place, input: "x\n").exit == 1)
                #expect(try await Self.weir(["user", "add", "a:b"] + place, input: "x\n").exit == 1)
                #expect(try await Self.weir(["user", "add", "bob"] + place, input: "\n").exit == 1)
                #expect(try await Self.weir(["user", "list"] + place).output == "alice\n")
                let file = try String(contentsOfFile: server.directory + "/htpasswd", encoding: .utf8)
                #expect(file.hasPrefix("alice:$2y$12$"))
                let mode = try FileManager.default.attributesOfItem(atPath: server.directory + "/htpasswd")
                #expect(mode[.posixPermissions] as? Int == 0o600)

                let admitted = try await Self.logIn(browser, "one")
                #expect(admitted.status == 302)
                #expect(try await Self.weir(["user", "passwd", "alice"] + place, input: "two\n").exit == 0)
                #expect(try await Self.logIn(browser, "one").status == 401)
                let again = try await Self.logIn(browser, "two")
                let fragment = try #require(again.location?.fragment)
                let token = try #require(fragment.split(separator: "&").first?.split(separator: "=").last)
                var alice = api
                alice.token = String(token)
                #expect(try await alice.get("/apis/user.openshift.io/v1/users/~").status == 200)

                let removed = try await Self.weir(["user", "remove", "alice"] + place)
                #expect(removed.exit == 0, "\(removed.errors)")
                #expect(try await alice.get("/apis/user.openshift.io/v1/users/~").status == 401)
                #expect(try await Self.logIn(browser, "two").status == 401)
                // The name is free again, and it is another user.
                #expect(try await Self.weir(["user", "add", "alice"] + place, input: "three\n").exit == 0)
                #expect(try await Self.logIn(browser, "three").status == 302)
                #expect(try await alice.get("/apis/user.openshift.io/v1/users/~").status == 401)
            }
        }
    }

    @Test("A token is created with groups and a time, listed by name, and revoked; only its hash is stored")
    func tokens() async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/data"
        let token = try await WeirProcess.run(directory) { server, api in
            let place = ["--data-dir", server.directory]
            let made = try await Self.weir(
                ["token", "create", "--user", "ci", "--group", "robots", "--expires", "90d"] + place)
            #expect(made.exit == 0, "\(made.errors)")
            let token = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
            var robot = api
            robot.token = token
            let me = try await robot.get("/apis/user.openshift.io/v1/users/~").json()
            #expect(me["metadata"]?["name"]?.stringValue == "ci")
            #expect(me["groups"]?.arrayValue?.contains("robots") == true)
            // A group that is changed counts from the next request on.
            #expect(try await api.send("DELETE", "/apis/user.openshift.io/v1/groups/robots").status == 200)
            let later = try await robot.get("/apis/user.openshift.io/v1/users/~").json()
            #expect(later["groups"]?.arrayValue?.contains("robots") == false)

            let listed = try await Self.weir(["token", "list", "--user", "ci"] + place).output
            #expect(listed.split(separator: "\n").count == 1)
            #expect(listed.contains("\tci\tweir-command\t") && !listed.contains(token))
            let second = try await Self.weir(["token", "create", "--user", "ci"] + place).output
                .trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(try await Self.weir(["token", "revoke", second] + place).exit == 0)
            #expect(try await Self.weir(["token", "revoke", second] + place).exit == 1)
            let name = try #require(listed.split(separator: "\t").first)
            #expect(try await Self.weir(["token", "revoke", String(name)] + place).exit == 0)
            #expect(try await robot.get("/apis/user.openshift.io/v1/users/~").status == 401)
            #expect(try await Self.weir(["token", "create", "--user", "ci", "--expires", "x"] + place).exit == 1)
            return token
        }
        let secret = Data(token.dropFirst(7).utf8)
        let files = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
        #expect(files.contains { $0.hasPrefix("store/") })
        for file in files {
            let bytes = FileManager.default.contents(atPath: "\(directory)/\(file)") ?? Data()
            #expect(bytes.range(of: secret) == nil, "the token stands in \(file)")
        }
        #expect(try await Self.weir(["token", "list", "--data-dir", directory]).exit == 1, "no server runs")
    }

    @Test("Two Authorization headers are refused, whatever stands in them and whoever shows a certificate")
    func twoHeaders() async throws {
        try await WeirProcess.run { server, api in
            let token = try server.token()
            for headers in [
                [("Authorization", "Bearer x"), ("Authorization", "Bearer \(token)")],
                [("Authorization", "Bearer \(token)"), ("authorization", "Bearer \(token)")],
                [("Authorization", "Bearer \(token)"), ("Authorization", "")],
            ] {
                try await Browser.with(server) { (browser) async throws in
                    // The registry calls such a request a bad one (spec/registry.md C-13).
                    for (path, status) in [("/api/v1/namespaces", 401), ("/v2/", 400), ("/oauth/authorize", 401)] {
                        #expect(try await browser.send(path, headers: headers).status == status, "\(path)")
                    }
                }
            }
        }
    }
}
