import ImageStreams
import OCI
import Synchronization
import Testing

@testable import Registry

/// spec/registry.md 1.18, 3.2, 3.7.
@Suite("What the images of a stream are made of")
struct StreamContentsTests {
    /// Images by the numbers they are named by.
    private typealias Records = [Int: (layers: [Int], children: [Int])]

    private final class Count: Sendable {
        let value = Mutex(0)
    }

    private static func digest(_ number: Int) -> Digest { Digest.sha256(of: Array("\(number)".utf8)) }
    private static func name(_ number: Int) -> BlobName { BlobName(digest(number)) }

    private static func contents(
        _ roots: [Int], _ records: Records, limits: StreamContents.Limits = .init(), asked: Count? = nil
    ) async throws -> StreamContents {
        var encoded: [String: ImageLayerRecord] = [:]
        for (number, record) in records {
            let layers = record.layers.map { #"{"name":"\#(digest($0))","size":1,"mediaType":"a/b"}"# }
            let children = record.children.map { #""\#(digest($0))""# }
            let text =
                #"{"name":"\#(digest(number))","layers":[\#(layers.joined(separator: ","))],"#
                + #""manifests":[\#(children.joined(separator: ","))]}"#
            encoded[digest(number).description] = ImageLayerRecord(decoding: Array(text.utf8))
        }
        let tags = roots.map { (tag: "v\($0)", events: [event(digest($0))]) }
        return try await StreamContents(of: stream(tags), limits: limits) { name in
            asked?.value.withLock { $0 += 1 }
            return encoded[name]
        }
    }

    @Test("Images know their blobs, lists their manifests, and what is named twice counts once")
    func structure() async throws {
        let contents = try await Self.contents(
            [1, 2, 3], [1: ([10, 11, 10], []), 2: ([11], []), 3: ([], [1, 4, 4]), 4: ([12], [])])
        #expect(Set(contents.images(with: Self.name(11))) == [Self.name(1), Self.name(2)])
        #expect(contents.images(with: Self.name(10)) == [Self.name(1)])
        #expect(contents.images(with: Self.name(12)) == [Self.name(4)])
        #expect(contents.images(with: Self.name(1)).isEmpty)
        #expect(contents.lists(of: Self.name(4)) == [Self.name(3)])
        #expect(contents.lists(of: Self.name(1)) == [Self.name(3)])
        #expect(contents.lists(of: Self.name(3)).isEmpty)
        #expect([1, 2, 3, 4, 10].map { contents.names(Self.name($0)) } == [true, true, true, false, false])
        #expect([1, 2, 3, 4, 10].map { contents.contains(Self.name($0)) } == [true, true, true, true, false])
        #expect(Set(contents.origins(of: Self.digest(10))) == [Self.name(1), Self.name(3)])
        #expect(contents.origins(of: Self.digest(12)) == [Self.name(3)])
        #expect(contents.origins(of: Self.digest(99)).isEmpty)
        #expect(!contents.hasMissingImages)
    }

    @Test("An image that does not exist is missed, also one that a list names")
    func missing() async throws {
        #expect(try await Self.contents([1], [:]).hasMissingImages)
        #expect(try await Self.contents([1], [1: ([], [2])]).hasMissingImages)
        #expect(try await !Self.contents([], [:]).hasMissingImages)
    }

    @Test("Lists in lists are followed for eight levels")
    func depth() async throws {
        let chain = Records(uniqueKeysWithValues: (0..<20).map { ($0, ([100 + $0], [$0 + 1])) })
        let contents = try await Self.contents([0], chain)
        #expect((0..<12).map { contents.contains(Self.name($0)) } == (0..<12).map { $0 <= 8 })
        #expect(contents.images(with: Self.name(108)) == [Self.name(8)])
        // Another way there may be shorter.
        let other = try await Self.contents([0, 5], chain)
        #expect((0..<16).map { other.contains(Self.name($0)) } == (0..<16).map { $0 <= 13 })
    }

    @Test("Lists that name each other, many times over, are looked at once each")
    func once() async throws {
        // Eight levels of twenty: 20^8 ways lead to the last one.
        var records: Records = [0: ([], Array(1...20))]
        for level in 0..<7 {
            for number in 1...20 { records[level * 20 + number] = ([], Array((level + 1) * 20 + 1...(level + 2) * 20)) }
        }
        for number in 141...160 { records[number] = ([1_000], [0]) }
        let asked = Count()
        let contents = try await Self.contents([0], records, asked: asked)
        #expect(asked.value.withLock { $0 } == 161)
        #expect(contents.images(with: Self.name(1_000)).count == 20)
        #expect(contents.origins(of: Self.digest(1_000)) == [Self.name(0)])
    }

    @Test("What is looked at has a bound, which what the history names does not count to")
    func limits() async throws {
        let wide: Records = [0: ([], Array(100..<200)), 1: ([7], []), 150: ([8], [])]
        var limits = StreamContents.Limits()
        limits.listed = 10
        let contents = try await Self.contents([0, 1], wide, limits: limits)
        #expect((100..<200).count { contents.contains(Self.name($0)) } == 10)
        #expect(contents.names(Self.name(1)))
        limits = StreamContents.Limits()
        limits.parts = 50
        let asked = Count()
        _ = try await Self.contents([0, 1], wide, limits: limits, asked: asked)
        #expect(asked.value.withLock { $0 } == 1)
    }

    @Test("A list of 43,000 manifests takes two megabytes, not twenty")
    func memory() async throws {
        let contents = try await Self.contents([0], [0: ([], Array(1...43_000))])
        #expect(contents.contains(Self.name(43_000)))
        #expect(contents.bytes < 3 << 20)
        let layers = try await Self.contents([0], [0: (Array(1...2_800), [])])
        #expect(layers.bytes < 128 << 10)
    }

    @Test("A tombstone hides what was there before it, and nothing that a tag event brought since")
    func tombstones() async throws {
        // The list 1 has the image 2 with the layer 3, and so has the image 4, with 5 besides.
        let contents = try await Self.contents([1, 4], [1: ([], [2]), 2: ([3], []), 4: ([3, 5], [])])
        func isGone(_ number: Int, _ arrivals: [Int: Int64]) async throws -> Bool {
            let known = Dictionary(uniqueKeysWithValues: arrivals.map { (Self.name($0), $1) })
            return try await contents.isGone(Self.digest(number), since: 10) { known[$0] ?? 0 }
        }
        for (number, arrivals, expected): (Int, [Int: Int64], Bool) in [
            (3, [:], true), (3, [1: 9, 4: 10], true), (3, [1: 11], false), (3, [4: 11], false),
            (5, [1: 11], true), (5, [4: 11], false), (2, [4: 11], true), (2, [1: 11], false),
            (99, [1: 11, 4: 11], true),
        ] {
            #expect(try await isGone(number, arrivals) == expected, "\(number) \(arrivals)")
        }
    }
}
