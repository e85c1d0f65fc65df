import Foundation
import ImageAPI
import OCI
import Store
import Testing

@testable import ImageStreams
@testable import Registry

/// Many blobs, of which a tenth is garbage. `WEIR_COLLECTION_BLOBS` says how many; a million are for a release build.
@Suite("The collector with very many blobs")
struct CollectionScaleTests {
    private static let count = Int(ProcessInfo.processInfo.environment["WEIR_COLLECTION_BLOBS"] ?? "") ?? 20_000
    private static let layersOfAnImage = 90

    /// Resident memory in MiB.
    private static var memory: Int {
        // Its size is said to be 0, so what reads files by their size reads nothing.
        guard let file = FileHandle(forReadingAtPath: "/proc/self/statm") else { return 0 }
        defer { try? file.close() }
        let status = String(decoding: (try? file.read(upToCount: 200)) ?? Data(), as: UTF8.self)
        let pages = status.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return (pages * 4_096) >> 20
    }

    private static func digest(_ number: Int) -> Digest { Digest.sha256(of: Array("\(number)".utf8)) }

    @Test("gives up and removes just the garbage, without holding the records in memory", .timeLimit(.minutes(10)))
    func many() async throws {
        try await World.run { world in
            // As a push leaves them: the images of one stream, each with its layers, in a row of the index.
            let old = world.clock.milliseconds
            let used = Self.count / 10 * 9
            var rows: [Mutation] = []
            func write(_ row: Mutation?) async throws {
                if let row { rows.append(row) }
                guard rows.count >= 5_000 || row == nil, !rows.isEmpty else { return }
                _ = try await world.store.commit(Transaction(mutations: rows))
                rows = []
            }
            for number in 0..<Self.count {
                let record = BlobRecord(size: 10, created: old, touched: old)
                try await write(.put(key: RegistryKeys.blob(Self.digest(number)), value: record.encoded))
            }
            var images: [Digest] = []
            for first in stride(from: 0, to: used, by: Self.layersOfAnImage) {
                var image = Image()
                image.metadata.name = Self.digest(-1 - first).description
                image.dockerImageLayers = (first..<min(first + Self.layersOfAnImage, used)).map {
                    ImageLayer(name: Self.digest($0).description, size: 10, mediaType: "x/y")
                }
                images.append(Self.digest(-1 - first))
                try await write(
                    .put(
                        key: LedgerKeys.blobs(image: image.metadata.name),
                        value: ImageLayerRecord(image).encoded()))
            }
            try await write(nil)
            _ = try await world.streams.createStream("app", world.context())
            for number in stride(from: 0, to: images.count, by: 500) {
                let batch = images[number..<min(number + 500, images.count)]
                var stream = try #require(try await world.streams.stream("app", namespace: "p"))
                stream.status.tags += batch.map { image in
                    NamedTagEventList(
                        tag: "t\(image.hex)",
                        items: [
                            TagEvent(created: world.clock.now, dockerImageReference: "x/y@\(image)", image: "\(image)")
                        ])
                }
                stream.status.tags.sort { $0.tag < $1.tag }
                _ = try await world.streams.tags.write(stream, isNew: false, options: .init(), world.context())
            }
            let collector = world.collector { $0.page = 1_000 }
            let before = Self.memory
            var figures: [String] = []
            func run() async throws -> BlobCollectionStatus {
                world.clock.pass(hours: 25)
                let start = ContinuousClock.now
                let status = try await collector.run(.init(looksForOrphans: false))
                figures.append("\(ContinuousClock.now - start)")
                return status
            }
            let first = try await run()
            #expect(first.reachable.blobs == Int64(used) && first.condemned.blobs == Int64(Self.count - used))
            let second = try await run()
            #expect(second.reachable.blobs == Int64(used) && second.swept.blobs == Int64(Self.count - used))
            print(
                "collection of \(Self.count) blobs: give up \(figures[0]), sweep \(figures[1]), memory \(before) -> \(Self.memory) MiB"
            )
            #expect(try await world.keys(RegistryKeys.blobs).count == used)
        }
    }
}
