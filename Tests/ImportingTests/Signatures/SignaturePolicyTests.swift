import OCI
import RegistryClient
import RegistryTesting
import Testing

@testable import Importing

@Suite("Signatures of registries, and the configuration of registries")
struct SignaturePolicyTests {
    private static func policy(_ change: (inout RegistryTable) -> Void) -> PullPolicy {
        var table = RegistryTable()
        change(&table)
        return PullPolicy(table)
    }

    @Test("are not asked of a blocked registry; the store is looked into all the same, and nothing is left to be asked")
    func blocked() async throws {
        try await FakeRegistry.runSecure { registry in
            try await FakeLookaside.run { store in
                let image = registry.signed("team/app")
                store.put("in the store", "team/app", image.digest, 1)
                registry.keepSignatures { _ in TestResponse(200, text: list(["one"])) }
                let policy = Self.policy { $0.addBlocked("\(registry.host)/team") }
                try await withFetcher(.at(store.url, attachments: true), policy: policy) { fetcher in
                    let found = try await fetcher.findings(of: image)
                    #expect(found.new.map { String(decoding: $0.bytes, as: UTF8.self) } == ["in the store"])
                    #expect(found.isComplete)
                    #expect(registry.server.lines == [])
                    // What is not blocked is asked.
                    #expect(try await fetcher.texts(of: registry.signed("other/app")) == ["one"])
                }
            }
        }
    }

    @Test("are asked without TLS where the configuration lets the registry be insecure, and only there")
    func insecure() async throws {
        try await FakeRegistry.run { registry in
            registry.keepSignatures { _ in TestResponse(200, text: list(["one"])) }
            let image = registry.signed("team/app")
            try await withFetcher { fetcher in
                let found = try await fetcher.findings(of: image)
                #expect(found.new.isEmpty && !found.isComplete)
            }
            let lines = registry.server.lines
            #expect(!lines.contains { $0.contains("/extensions/") })
            try await withFetcher(policy: Self.policy { $0.addInsecure(registry.host) }) { fetcher in
                let found = try await fetcher.texts(of: image)
                #expect(found == ["one"])
            }
        }
    }

    @Test("are asked of the mirror, not of a registry that is never to be contacted")
    func mirror() async throws {
        try await FakeRegistry.runSecure { source in
            try await FakeRegistry.runSecure { mirror in
                source.keepSignatures { _ in TestResponse(200, text: list(["source"])) }
                mirror.keepSignatures { request in
                    TestResponse(200, text: list([request.path.hasPrefix("/extensions/v2/copy/app/") ? "mirror" : "?"]))
                }
                let policy = Self.policy {
                    $0.addMirrors(
                        ["\(mirror.host)/copy"], of: "\(source.host)/team", serving: .digests, neverContactSource: true)
                }
                try await withFetcher(policy: policy) { fetcher in
                    let found = try await fetcher.texts(of: source.signed("team/app"))
                    #expect(found == ["mirror"])
                }
                #expect(source.server.lines == [])
            }
        }
    }
}
