import Foundation
import JSON
import RegistryTesting
import Testing

@Suite("Secrets of a server")
struct SecretTests {
    private static let canary = "hunter2-canary"

    /// Whether a file below a folder holds these bytes.
    private static func holds(_ text: String, below folder: String) throws -> [String] {
        let needle = Data(text.utf8)
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
        return names.filter { name in
            (try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))?.range(of: needle) != nil
        }
    }

    private static func secret(_ name: String, _ text: String) -> String {
        #"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"\#(name)"},"stringData":{"a":"\#(text)"}}"#
    }

    private static let path = "/api/v1/namespaces/default/secrets"

    @Test("are in none of its files, in the clear or in base64, and survive restarts, lost keys and rekeying")
    func encryption() async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/data"
        let encoded = Data(Self.canary.utf8).base64EncodedString()
        let log = scratch.path + "/audit.log"
        try await WeirProcess.run(directory, ["--audit-log", log]) { (server, api) async throws in
            #expect(try await api.post(Self.path, Self.secret("s", Self.canary)).status == 201)
            // What a refusal says, and what the log of the audit keeps.
            #expect(try await api.post(Self.path, Self.secret("B", Self.canary)).text.contains(Self.canary) == false)
            #expect(try Self.holds(Self.canary, below: scratch.path).isEmpty)
            #expect(try Self.holds(encoded, below: scratch.path).isEmpty)
            #expect(!server.child.errors.contains(Self.canary) && !server.child.errors.contains(encoded))
        }
        for text in [Self.canary, encoded] { #expect(try Self.holds(text, below: scratch.path).isEmpty) }

        let keys = directory + "/secrets.key"
        let weir = try WeirProcess.executable()
        let old = try String(contentsOfFile: keys, encoding: .utf8)
        let rekeyed = try await run(weir, ["rekey", "--data-dir", directory])
        #expect(rekeyed.exit == 0 && rekeyed.output == "1 secrets have a new key\n", "\(rekeyed.errors)")
        let new = try String(contentsOfFile: keys, encoding: .utf8)
        #expect(old != new)
        try await WeirProcess.run(directory) { (_, api) async throws in
            let secret = try await api.get(Self.path + "/s").json()
            #expect(secret["data"]?["a"]?.stringValue == encoded)
            // Not while a server runs.
            let busy = try await run(weir, ["rekey", "--data-dir", directory])
            #expect(busy.exit == 1 && busy.errors.contains("is in use by the process"), "\(busy.errors)")
            #expect(try String(contentsOfFile: keys, encoding: .utf8) == new)
        }

        // Without its keys, or with others, a server does not start, and makes nothing worse.
        try FileManager.default.removeItem(atPath: keys)
        for (content, text) in [(nil, "does not exist"), (old, "is not in the key file")] as [(String?, String)] {
            if let content { try content.write(toFile: keys, atomically: true, encoding: .utf8) }
            let refused = try await run(weir, ["serve", "--data-dir", directory, "--listen", "127.0.0.1:0"])
            #expect(refused.exit == 1 && refused.errors.contains(text), "\(refused.errors)")
            #expect(FileManager.default.fileExists(atPath: keys) == (content != nil))
        }
        let elsewhere = scratch.path + "/keys"
        try (new + old).write(toFile: elsewhere, atomically: true, encoding: .utf8)
        try await WeirProcess.run(directory, ["--encryption-key-file", elsewhere]) { (_, api) async throws in
            #expect(try await api.get(Self.path + "/s").status == 200)
        }
    }

    @Test("open registries for imports, each its own")
    func pullSecrets() async throws {
        // alice, with the password "pa:ss".
        let users = "alice:$2a$05$abcdefghijklmnopqrstuuZImxV28ixwKVAA3Ib6WvqJ3jaF2SHwO\n"
        try await DockerRegistry.run { open in
            try await open.withLogin(htpasswd: users) { closed in
                try await WeirProcess.run { (server, api) async throws in
                    let kubectl = try await Kubectl(server, namespace: "default")
                    func importing(_ name: String) async throws -> JSONValue {
                        let output = try await kubectl(
                            "create", "-o", "json", "-f", "-",
                            input: """
                                {"apiVersion":"image.openshift.io/v1","kind":"ImageStreamImport",\
                                "metadata":{"name":"\(name)"},"spec":{"import":true,"images":[{"from":\
                                {"kind":"DockerImage","name":"\(closed.host)/conf/simple:v1"},"to":{"name":"v1"},\
                                "importPolicy":{"insecure":true}}]},"status":{}}
                                """)
                        return try JSONValue.parse(Array(output.utf8))["status"]?["images"]?.arrayValue?.first ?? .null
                    }
                    let refused = try await importing("a")
                    #expect(refused["status"]?["reason"]?.stringValue == "Unauthorized", "\(refused)")
                    try await kubectl(
                        "create", "secret", "docker-registry", "a-wrong", "--docker-server=\(closed.host)",
                        "--docker-username=alice", "--docker-password=wrong")
                    try await kubectl(
                        "create", "secret", "docker-registry", "b-right", "--docker-server=http://\(closed.host)/v2/",
                        "--docker-username=alice", "--docker-password=pa:ss")
                    let imported = try await importing("b")
                    #expect(imported["status"]?["status"]?.stringValue == "Success", "\(imported)")
                    // Secrets are the namespace's own.
                    try await kubectl("delete", "secret", "b-right")
                    #expect(try await importing("c")["status"]?["reason"]?.stringValue == "Unauthorized")
                }
            }
        }
    }
}
