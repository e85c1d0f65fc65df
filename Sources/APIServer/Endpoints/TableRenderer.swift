import APIMachinery
import JSON

/// Renders objects as a `meta.k8s.io` Table (spec/api-machinery.md 1.11).
struct TableRenderer<Object: APIObject> {
    /// What a row shows of its object.
    enum Inclusion: String {
        case metadata = "Metadata"
        case object = "Object"
        case none = "None"
    }

    let columns: TableColumns<Object>
    let inclusion: Inclusion
    let version: String
    let now: Timestamp

    /// - Parameter showsColumns: false for all but the first event of a watch.
    func table(_ items: [Output<Object>], metadata: ListMeta, showsColumns: Bool = true) throws -> [UInt8] {
        var writer = begin(metadata, showsColumns: showsColumns)
        for item in items { try writeRows(item, to: &writer) }
        return end(writer)
    }

    func table(_ list: OutputList<Object>) async throws -> [UInt8] {
        var writer = begin(list.metadata, showsColumns: true)
        for item in list.items { try writeRows(item, to: &writer) }
        if let rest = list.rest {
            for try await page in rest {
                for item in page { try writeRows(item, to: &writer) }
            }
        }
        return end(writer)
    }

    /// Everything up to the first row.
    private func begin(_ metadata: ListMeta, showsColumns: Bool) -> JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("kind")
        writer.write("Table")
        writer.key("apiVersion")
        writer.write("meta.k8s.io/\(version)")
        writer.key("metadata")
        metadata.encode(to: &writer)
        writer.key("columnDefinitions")
        if showsColumns { write(columns.columns, to: &writer) } else { writer.writeNull() }
        writer.key("rows")
        writer.beginArray()
        return writer
    }

    private func end(_ writer: consuming JSONWriter) -> [UInt8] {
        writer.endArray()
        writer.endObject()
        return writer.finish()
    }

    private func write(_ columns: [TableColumns<Object>.Column], to writer: inout JSONWriter) {
        writer.beginArray()
        for column in columns {
            writer.element()
            writer.beginObject()
            writer.key("name")
            writer.write(column.name)
            writer.key("type")
            writer.write(column.type)
            writer.key("format")
            writer.write(column.format)
            writer.key("description")
            writer.write(column.description)
            writer.key("priority")
            writer.write(Int64(column.priority))
            writer.endObject()
        }
        writer.endArray()
    }

    private func writeRows(_ item: Output<Object>, to writer: inout JSONWriter) throws {
        let object = try item.object()
        for cells in columns.rows(object, now) {
            writer.element()
            write(cells, of: object, item, to: &writer)
        }
    }

    private func write(_ cells: [JSONValue], of object: Object, _ item: Output<Object>, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("cells")
        writer.write(.array(cells))
        switch inclusion {
        case .none:
            writer.key("object")
            writer.writeNull()
        case .metadata:
            writer.key("object")
            writer.write(raw: PartialMetadata.object(object.metadata, version: version))
        case .object:
            writer.key("object")
            writer.write(raw: item.encoded.json)
        }
        writer.endObject()
    }
}

/// Objects reduced to their metadata (spec/api-machinery.md 1.12).
enum PartialMetadata {
    static func object(_ metadata: ObjectMeta, version: String) -> [UInt8] {
        var writer = JSONWriter()
        write(metadata, version: version, to: &writer)
        return writer.finish()
    }

    static func list(_ items: [ObjectMeta], _ metadata: ListMeta, _ version: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writeHead("PartialObjectMetadataList", version: version, to: &writer)
        metadata.encode(to: &writer)
        writer.key("items")
        if items.isEmpty {
            // Recorded: an empty list has no items rather than none of them.
            writer.writeNull()
        } else {
            writer.beginArray()
            for item in items {
                writer.element()
                write(item, version: version, to: &writer)
            }
            writer.endArray()
        }
        writer.endObject()
        return writer.finish()
    }

    private static func write(_ metadata: ObjectMeta, version: String, to writer: inout JSONWriter) {
        writer.beginObject()
        writeHead("PartialObjectMetadata", version: version, to: &writer)
        metadata.encode(to: &writer)
        writer.endObject()
    }

    /// Everything up to the value of `metadata`.
    private static func writeHead(_ kind: String, version: String, to writer: inout JSONWriter) {
        writer.key("kind")
        writer.write(kind)
        writer.key("apiVersion")
        writer.write("meta.k8s.io/\(version)")
        writer.key("metadata")
    }
}
