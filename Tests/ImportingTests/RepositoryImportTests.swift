import OCI
import RegistryTesting
import Testing

@testable import Importing

@Suite("Importing a repository")
struct RepositoryImportTests {
    @Test("The first tags by priority are imported, the rest are named")
    func priority() async throws {
        try await FakeRegistry.run { registry in
            for tag in ["v1", "other", "v2", "3", "3.1", "abc", "abc"] { registry.putImage("x", in: "a", tag: tag) }
            try await withImporter(policy: .direct, { $0.maxTagsPerRepository = 5 }) { importer in
                let result = try await importer.repository("\(registry.host)/a")
                #expect(result.status == nil)
                #expect(result.images.map(\.tag) == ["3.1", "3", "abc", "other", "v1"])
                #expect(result.additionalTags == ["v2"])
                #expect(
                    result.images.allSatisfy {
                        $0.image?.dockerImageReference.hasPrefix("\(registry.host)/a@sha256:") == true
                    })
            }
            try await withImporter(policy: .direct, { $0.maxTagsPerRepository = -1 }) { importer in
                let all = try await importer.repository("\(registry.host)/a")
                #expect(all.images.count == 6)
            }
        }
    }

    @Test("One request takes in so many bytes and no more")
    func bytes() async throws {
        try await FakeRegistry.run { registry in
            for tag in ["1", "2", "3", "4"] {
                registry.putImage(String(repeating: tag, count: 2_000), in: "a", tag: "\(tag).0")
            }
            try await withImporter(policy: .direct, { $0.maxBytes = 6_000 }) { importer in
                let result = try await importer.repository("\(registry.host)/a")
                let failures = result.images.compactMap(\.failure)
                #expect((1...3).contains(failures.count))
                #expect(failures.allSatisfy { $0.status.message.hasSuffix("import fewer images at a time") })
            }
        }
    }

    @Test("Failed images are counted; a list that fails leaves nothing")
    func failures() async throws {
        try await FakeRegistry.run { registry in
            registry.putImage("x", in: "a", tag: "1.0")
            registry.put(manifest: "{}", type: "x", in: "a", tag: "bad")
            registry.put(manifest: "{}", type: "x", in: "a", tag: "worse")
            try await withImporter { importer in
                let result = try await importer.repository("\(registry.host)/a")
                #expect(result.images.map { $0.image == nil } == [false, true, true])
                #expect(result.status?.message == "2 of the images from this repository failed to import")
                let missing = try await importer.repository("\(registry.host)/nosuch")
                #expect(missing.listingFailure == .notFound(reference: "\(registry.host)/nosuch"))
                #expect(missing.images.isEmpty && missing.additionalTags.isEmpty)
                #expect(try await importer.repository("A/B").status?.code == 422)
            }
        }
    }

    @Test("Tags already fetched by spec.images are not fetched again, and join the imported ones")
    func shared() async throws {
        try await FakeRegistry.run { registry in
            let child = registry.putImage("x", in: "a", tag: "2.0")
            registry.putImage("x", in: "a", tag: "1.0")
            registry.putIndex([(child, "amd64")], in: "a", tag: "zz")
            let name = "\(registry.host)/a"
            let images = ["2.0", "zz"].map {
                ImageImportEntry(from: "\(name):\($0)", mode: .preserveOriginal, insecure: true)
            }
            try await withImporter(policy: .direct, { $0.maxTagsPerRepository = 1 }) { importer in
                let result = try await importer.repository(name, mode: .preserveOriginal, images: images)
                #expect(result.images.map(\.tag) == ["2.0", "zz"])
                #expect(result.images.last?.image?.children.isEmpty == true)
                #expect(result.additionalTags == ["1.0"])
            }
            #expect(registry.server.requests(to: "/v2/a/manifests/2.0").count == 1)
        }
    }
}
