import APIMachinery
import JSON

/// A typed list as JSON: a head, the items without kind and apiVersion, a tail. Nothing is decoded, nothing copied.
struct EncodedList<Object: APIObject>: Sendable {
    private let list: OutputList<Object>
    private let head: [UInt8]
    private static var separator: [UInt8] { Array(",{".utf8) }
    private static var tail: [UInt8] { Array("]}".utf8) }

    init(_ list: OutputList<Object>) {
        self.list = list
        let kind = Object.groupVersionKind
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        writer.key("kind")
        writer.write(kind.kind + "List")
        writer.key("apiVersion")
        writer.write(kind.apiVersion)
        writer.key("metadata")
        list.metadata.encode(to: &writer)
        writer.endObject()
        var head = writer.finish()
        head.removeLast()
        head += Array(#","items":["#.utf8)
        self.head = head
    }

    /// All of it, with the items that come behind the list's own.
    func pieces(rest: OutputPages<Object>?) async throws -> [ArraySlice<UInt8>] {
        var pieces = [head[...]]
        pieces.reserveCapacity(2 * list.items.count + 2)
        var isFirst = true
        Self.append(list.items, to: &pieces, isFirst: &isFirst)
        if let rest {
            for try await page in rest { Self.append(page, to: &pieces, isFirst: &isFirst) }
        }
        pieces.append(Self.tail[...])
        return pieces
    }

    /// Writes all of it, page by page.
    func write(rest: OutputPages<Object>, to writer: any BodyWriter) async throws {
        var pieces = [head[...]]
        var isFirst = true
        Self.append(list.items, to: &pieces, isFirst: &isFirst)
        try await writer.write(Array(pieces.joined()))
        for try await page in rest {
            pieces = []
            Self.append(page, to: &pieces, isFirst: &isFirst)
            try await writer.write(Array(pieces.joined()))
        }
        try await writer.write(Self.tail)
    }

    private static func append(
        _ items: [Output<Object>], to pieces: inout [ArraySlice<UInt8>], isFirst: inout Bool
    ) {
        let separator = Self.separator[...]
        for item in items {
            pieces.append(isFirst ? separator.dropFirst() : separator)
            isFirst = false
            let encoded = item.encoded
            pieces.append(encoded.json[encoded.itemStart...])
        }
    }
}
