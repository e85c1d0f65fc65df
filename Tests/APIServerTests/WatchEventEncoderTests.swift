import APIMachinery
import ImageAPI
import JSON
import Testing

@testable import APIServer

@Suite("Watch events on the wire")
struct WatchEventEncoderTests {
    private static func stream(_ name: String, version: String) -> ImageStream {
        var stream = ImageStream(metadata: ObjectMeta(name: name))
        stream.metadata.resourceVersion = version
        return stream
    }

    private static func lines(_ bytes: [UInt8]) throws -> [JSONValue] {
        #expect(bytes.last == UInt8(ascii: "\n"))
        return try bytes.split(separator: UInt8(ascii: "\n")).map { try JSONValue.parse(Array($0)) }
    }

    @Test("are one JSON document a line, with the object as it is")
    func plain() throws {
        var encoder = WatchEventEncoder<ImageStream>(.plain, empty: { ImageStream() })
        let object = Output(Self.stream("a", version: "5"))
        let bytes = try encoder.encode([
            WatchEvent(kind: .added, object: object), WatchEvent(kind: .deleted, object: object),
        ])
        let text = String(decoding: object.encoded.json, as: UTF8.self)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "{\"type\":\"ADDED\",\"object\":\(text)}\n{\"type\":\"DELETED\",\"object\":\(text)}\n")
        #expect(try encoder.encode([]).isEmpty)
    }

    @Test("show columns of a table once")
    func table() throws {
        let renderer = TableRenderer<ImageStream>(
            columns: .standard, inclusion: .metadata, version: "v1", now: Timestamp(secondsSince1970: 0))
        var encoder = WatchEventEncoder<ImageStream>(.table(renderer), empty: { ImageStream() })
        let events = [
            WatchEvent(kind: .added, object: Output(Self.stream("a", version: "5"))),
            WatchEvent(kind: .modified, object: Output(Self.stream("b", version: "6"))),
        ]
        let lines =
            try Self.lines(try encoder.encode(events)) + Self.lines(try encoder.bookmark(7, endsInitialEvents: false))
        #expect(lines.map { $0["type"] } == ["ADDED", "MODIFIED", "BOOKMARK"])
        #expect(lines[0]["object"]?["kind"] == "Table")
        #expect(lines[0]["object"]?["columnDefinitions"]?.arrayValue?.count == 2)
        #expect(lines[1]["object"]?["columnDefinitions"] == .null)
        #expect(lines[1]["object"]?["rows"]?.arrayValue?.count == 1)
        #expect(lines.map { $0["object"]?["metadata"]?["resourceVersion"] } == ["5", "6", "7"])
    }

    @Test("show metadata alone where that was asked for")
    func partial() throws {
        var encoder = WatchEventEncoder<ImageStream>(.partial(version: "v1"), empty: { ImageStream() })
        let lines = try Self.lines(
            try encoder.encode([WatchEvent(kind: .added, object: Output(Self.stream("a", version: "5")))]))
        #expect(lines.first?["object"]?["kind"] == "PartialObjectMetadata")
        #expect(lines.first?["object"]?["spec"] == nil)
        #expect(lines.first?["object"]?["metadata"]?["name"] == "a")
    }

    @Test("mark the end of the initial state, and only that")
    func bookmarks() throws {
        var encoder = WatchEventEncoder<ImageStream>(.plain, empty: { ImageStream() })
        let end = try Self.lines(try encoder.bookmark(9, endsInitialEvents: true)).first
        #expect(end?["type"] == "BOOKMARK")
        #expect(end?["object"]?["kind"] == "ImageStream")
        #expect(end?["object"]?["metadata"]?["resourceVersion"] == "9")
        #expect(end?["object"]?["metadata"]?["annotations"] == ["k8s.io/initial-events-end": "true"])
        let plain = try Self.lines(try encoder.bookmark(10, endsInitialEvents: false)).first
        #expect(plain?["object"]?["metadata"]?["annotations"] == nil)
    }

    @Test("end with the Status of an error")
    func errors() throws {
        let encoder = WatchEventEncoder<ImageStream>(.plain, empty: { ImageStream() })
        let line = try Self.lines(encoder.encode(APIError.expired("too old resource version: 5 (9)"))).first
        #expect(line?["type"] == "ERROR")
        #expect(line?["object"]?["code"] == 410)
        #expect(line?["object"]?["reason"] == "Expired")
    }
}
