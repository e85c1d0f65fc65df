import OCI
import RegistryTesting
import Testing

@testable import Importing

/// The digests are those of the conformance suite's seed.
@Suite("Importing from docker-registry")
struct DockerRegistryImportTests {
    @Test("The recorded imports come out as recorded")
    func recorded() async throws {
        try await DockerRegistry.run { registry in
            let source = registry.host
            try await withImporter { importer in
                let simple = try #require(await importer.images("\(source)/conf/simple:v1")[0].image)
                #expect(simple.digest.hex == "f59e8daf66db13f4a950caeb53fb7802d5256d3aa55d1142eb5730d12a04b59e")
                #expect(simple.size == 10584)
                #expect(
                    simple.layers.map(\.name.hex) == [
                        "d7e09b37048bcd2494aacaa0a18d1c80ca9f5372269af0b5110ece513adc3606"
                    ])
                #expect(simple.dockerImageReference == "\(source)/conf/simple@\(simple.digest)")

                let schema1 = try #require(await importer.images("\(source)/conf/schema1:latest")[0].image)
                #expect(schema1.digest.hex == "52a8f45265e92b5fcf433fd7d7f62dbabc480d3aed24a9103f1737ce63aadd76")
                #expect(schema1.size == 10263)
                #expect(schema1.layers.map(\.size) == [10263, 0])

                let chart = try #require(await importer.images("\(source)/conf/artifact:chart")[0].image)
                #expect(chart.size == 94)
                #expect(chart.layers.map(\.mediaType) == ["application/vnd.cncf.helm.chart.content.v1.tar+gzip"])
                #expect(await importer.images("\(source)/conf/artifact:empty-config")[0].image?.size == 44)

                let list = try #require(
                    await importer.images("\(source)/conf/multi:latest", mode: .preserveOriginal)[0].image)
                #expect(list.children.count == 4)
                let attested = try #require(
                    await importer.images("\(source)/conf/index:attested", mode: .preserveOriginal)[0].image)
                #expect(attested.children.count == 3)
                let arm = await importer.images("\(source)/conf/multi:latest", architecture: "arm64")[0].image
                #expect(arm?.digest == list.children[1].digest)
                let legacy = await importer.images("\(source)/conf/multi:latest")[0].image
                #expect(legacy?.digest == list.children[0].digest)

                #expect(
                    await importer.images("\(source)/conf/simple:nosuch")[0].message
                        == "dockerimage.image.openshift.io \"\(source)/conf/simple:nosuch\" not found")
                #expect(await importer.images("\(source)/conf/nosuchrepo:x")[0].failure?.status.code == 404)
                let unknown = "\(source)/conf/simple@sha256:" + String(repeating: "f", count: 64)
                #expect(await importer.images(unknown)[0].failure == .notFound(reference: unknown))
                let missing = try await importer.repository("\(source)/conf/nosuchrepo")
                #expect(
                    missing.status?.message == "dockerimage.image.openshift.io \"\(source)/conf/nosuchrepo\" not found")

                let many = try await importer.repository("\(source)/conf/many")
                #expect(many.status == nil)
                #expect(many.images.count == 50 && many.additionalTags.count == 10)
                #expect(many.images.first?.tag == "latest")
                let secure = await importer.run(
                    ImportRequest(images: [ImageImportEntry(from: "\(source)/conf/simple:v1")]),
                    credentials: NoCredentials())
                #expect(
                    secure.images[0].message
                        == "Internal error occurred: \(source)/conf/simple:v1: Get \"https://\(source)/v2/\": "
                        + "http: server gave HTTP response to HTTPS client")
            }
        }
    }
}
