import Foundation
import OCI
import RegistryTesting
import Testing

@testable import RegistryClient

@Suite("Against docker-registry")
struct DockerRegistryTests {
    @Test("Manifests of every kind, configs, sizes, tags and the texts of what is missing")
    func everything() async throws {
        try await DockerRegistry.run { registry in
            let simple = RepositoryName(host: registry.host, path: "conf/simple")
            func reference(_ path: String, _ tag: String) -> RemoteReference {
                RemoteReference(repository: RepositoryName(host: registry.host, path: path), tag: tag)
            }
            try await withClient { client in
                let kinds: [(String, String, ManifestKind)] = [
                    ("conf/simple", "v1", .dockerManifest), ("conf/oci", "latest", .ociManifest),
                    ("conf/oci", "bare", .ociManifest), ("conf/multi", "latest", .dockerManifestList),
                    ("conf/index", "attested", .ociIndex), ("conf/schema1", "latest", .schema1),
                    ("conf/deep/er/nested", "latest", .dockerManifest),
                ]
                for (path, tag, kind) in kinds {
                    let fetched = try await client.manifest(reference(path, tag), access: plain)
                    #expect(fetched.manifest.kind == kind, "\(path):\(tag)")
                    let byDigest = RemoteReference(
                        repository: RepositoryName(host: registry.host, path: path), digest: fetched.manifest.digest)
                    #expect(try await client.manifest(byDigest, access: plain).manifest == fetched.manifest)
                    #expect(
                        try await client.manifestDigest(reference(path, tag), access: plain) == fetched.manifest.digest)
                    if case .image(let image) = fetched.manifest.content {
                        let config = try await client.blob(image.config.digest, in: byDigest.repository, access: plain)
                        #expect(Int64(config.count) == image.config.size)
                        for layer in image.layers {
                            let size = try await client.blobSize(layer.digest, in: byDigest.repository, access: plain)
                            #expect(size == layer.size)
                        }
                    }
                }
                #expect(
                    try await client.manifest(reference("conf/schema1", "latest"), access: plain).manifest.digest.hex
                        == "52a8f45265e92b5fcf433fd7d7f62dbabc480d3aed24a9103f1737ce63aadd76")
                let tags = try await client.tags(
                    in: RepositoryName(host: registry.host, path: "conf/many"), access: plain)
                #expect(tags.count == 60)

                let noTag = await failure { () async throws(RegistryError) in
                    try await client.manifest(reference("conf/simple", "nosuch"), access: plain)
                }
                #expect(noTag?.contains(code: "MANIFEST_UNKNOWN") == true)
                #expect(noTag?.text == "manifest unknown: manifest unknown")
                let missing = RepositoryName(host: registry.host, path: "conf/nosuchrepo")
                let noRepository = await failure { () async throws(RegistryError) in
                    try await client.tags(in: missing, access: plain)
                }
                #expect(noRepository?.contains(code: "NAME_UNKNOWN") == true)
                let noBlob = await failure { () async throws(RegistryError) in
                    try await client.blob(Digest.sha256(of: [1]), in: simple, access: plain)
                }
                #expect(noBlob == .unknownBlob)
            }
        }
    }

    @Test("Tokens of an issuer of its own, one for each scope, and what a wrong password comes to")
    func tokens() async throws {
        try await DockerRegistry.run { content in
            try await TokenIssuer.run(for: alice) { issuer in
                try await content.withTokens(of: issuer) { registry in
                    func reference(_ path: String, _ tag: String) -> RemoteReference {
                        RemoteReference(repository: RepositoryName(host: registry.host, path: path), tag: tag)
                    }
                    try await withClient { client in
                        for _ in 0..<3 {
                            _ = try await client.manifest(reference("conf/simple", "v1"), access: access(alice))
                        }
                        #expect(issuer.requests.count == 1)
                        _ = try await client.manifest(reference("conf/oci", "latest"), access: access(alice))
                        #expect(issuer.requests.count == 2)
                        let asked = issuer.requests.map { $0.target.removingPercentEncoding ?? "" }
                        #expect(asked.allSatisfy { $0.contains("service=\(TokenIssuer.service)") }, "\(asked)")
                        #expect(asked.first?.contains("scope=repository:conf/simple:pull") == true, "\(asked)")
                        let wrong = await failure { () async throws(RegistryError) in
                            try await client.manifest(reference("conf/simple", "v1"), access: access(mallory))
                        }
                        #expect(wrong?.status == 401)
                        let nobody = await failure { () async throws(RegistryError) in
                            try await client.manifest(reference("conf/simple", "v1"), access: plain)
                        }
                        #expect(nobody?.status == 401)
                    }
                }
            }
        }
    }
}
