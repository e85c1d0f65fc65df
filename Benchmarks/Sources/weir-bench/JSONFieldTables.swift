import APIMachinery
import JSON

// The candidate that was not taken (docs/decisions/0001): fields listed in tables of key paths, interpreted at run
// time. Kept to be measured again when the compiler changes.

struct TableField<Root> {
    let name: StaticString
    let read: (inout Root, inout JSONReader) throws(JSONError) -> Void
    let write: (borrowing Root, inout JSONWriter) -> Void

    init<Value: JSONCodable>(_ name: StaticString, _ path: WritableKeyPath<Root, Value>) {
        self.name = name
        read = { (root: inout Root, reader: inout JSONReader) throws(JSONError) in
            root[keyPath: path] = try Value(from: &reader)
        }
        write = { root, writer in root[keyPath: path].encode(to: &writer) }
    }

    init<Value: JSONCodable>(list name: StaticString, _ path: WritableKeyPath<Root, [Value]>) {
        self.name = name
        read = { (root: inout Root, reader: inout JSONReader) throws(JSONError) in
            root[keyPath: path] = try reader.readList()
        }
        write = { root, writer in writer.write(root[keyPath: path]) }
    }
}

protocol TableDriven: JSONCodable {
    static var structName: StaticString { get }
    static var fields: [TableField<Self>] { get }
}

extension TableDriven {
    init(from reader: inout JSONReader) throws(JSONError) {
        self.init()
        let fields = Self.fields
        try reader.enterStruct(Self.structName, goType: Self.goType)
        var seen: UInt64 = 0
        next: while try reader.nextField() {
            for index in fields.indices
            where fields[index].name.utf8CodeUnitCount == reader.keyLength && reader.keyMatches(fields[index].name) {
                if try reader.beginField(fields[index].name, index, &seen) { try fields[index].read(&self, &reader) }
                continue next
            }
            try reader.skipUnknownField()
        }
    }

    func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        for field in Self.fields {
            writer.key(field.name)
            field.write(self, &writer)
        }
        writer.endObject()
    }
}

struct TableEvent: TableDriven {
    var created = Timestamp()
    var dockerImageReference = ""
    var image = ""
    var generation: Int64 = 0

    static var goType: StaticString { "v1.TagEvent" }
    static var structName: StaticString { "TagEvent" }
    // Closures over key paths are not Sendable; the table itself never changes.
    nonisolated(unsafe) static let fields: [TableField<TableEvent>] = [
        TableField("created", \.created), TableField("dockerImageReference", \.dockerImageReference),
        TableField("image", \.image), TableField("generation", \.generation),
    ]
}

struct TableHistory: TableDriven {
    var tag = ""
    var items: [TableEvent] = []

    static var goType: StaticString { "v1.NamedTagEventList" }
    static var structName: StaticString { "NamedTagEventList" }
    nonisolated(unsafe) static let fields: [TableField<TableHistory>] = [
        TableField("tag", \.tag), TableField(list: "items", \.items),
    ]
}
