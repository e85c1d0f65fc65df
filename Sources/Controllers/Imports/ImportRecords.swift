import ImageStreams
import JSON
import Store

/// Keeps what the schedule has to know after a restart, in rows beside the streams.
struct ImportRecords: Sendable {
    let store: Store

    static let prefix = "/weir.dev/imports/"
    static let tags = prefix + "tags/"
    /// Up to when the schedule was followed.
    static let watermark = prefix + "watermark"
    private static let page = 5_000

    static func key(_ tag: ImportSchedule.TagKey) -> String {
        tags + LedgerKeys.path(namespace: tag.stream.namespace, stream: tag.stream.name, tag: tag.tag)
    }

    /// All there is. Rows that cannot be read are left out.
    func load() async throws -> (records: [ImportSchedule.TagKey: ImportRecord], watermark: Int64?) {
        var records: [ImportSchedule.TagKey: ImportRecord] = [:]
        var range = KeyRange.prefix(Self.tags)
        while true {
            let page = try await store.range(range, limit: Self.page)
            for row in page.kvs {
                guard let record = ImportRecord(decoding: row.value),
                    let value = try? JSONValue.parse(row.value), let tag = value["tag"]?.stringValue,
                    let namespace = value["namespace"]?.stringValue, let stream = value["stream"]?.stringValue
                else { continue }
                records[.init(stream: StreamKey(namespace: namespace, name: stream), tag: tag)] = record
            }
            guard page.more, let last = page.kvs.last else { break }
            range = range.after(last.key)
        }
        let mark = try await store.get(Self.watermark)
            .flatMap { try? JSONValue.parse($0.value) }.flatMap { $0["time"]?.integerValue }
        return (records, mark)
    }

    func publish(_ rows: [Mutation]) async throws {
        _ = try await store.commit(Transaction(mutations: rows))
    }

    func save(watermark: Int64) async throws {
        let row: JSONValue = ["time": .integer(watermark)]
        _ = try await store.commit(Transaction(mutations: [.put(key: Self.watermark, value: row.jsonBytes())]))
    }

    /// Writes records, and deletes those that are nil.
    func save(_ records: [(key: ImportSchedule.TagKey, record: ImportRecord?)]) async throws {
        var rest = records[...]
        while !rest.isEmpty {
            let mutations = rest.prefix(1_000).map { key, record -> Mutation in
                guard let record else { return .delete(key: Self.key(key)) }
                return .put(key: Self.key(key), value: record.encoded(of: key))
            }
            rest = rest.dropFirst(1_000)
            _ = try await store.commit(Transaction(mutations: mutations))
        }
    }
}

extension ImportRecord {
    /// The row: the names are in it because keys may be cut.
    func encoded(of key: ImportSchedule.TagKey) -> [UInt8] {
        var row = object
        row["namespace"] = .string(key.stream.namespace)
        row["stream"] = .string(key.stream.name)
        row["tag"] = .string(key.tag)
        return JSONValue.object(row).jsonBytes()
    }
}
