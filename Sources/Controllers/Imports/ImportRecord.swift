import JSON

/// What is stored of a tag beside its stream, so that a restart forgets nothing
/// (row `/weir.dev/imports/tags/<namespace>/<stream>/<tag>`).
struct ImportRecord: Hashable, Sendable {
    /// Of the stream.
    var uid: String
    /// Of what is imported: a record for something else means nothing.
    var identity: String
    /// The number of the next try; 0 while the last import was good.
    var attempt = 0
    /// Milliseconds since 1970 of the next try; 0 for none.
    var due: Int64 = 0
    /// The failure that people were told of; empty where all is well.
    var told = ""
    /// A manifest list, where the tag's image was taken out of one, and the image.
    var list = ""
    var image = ""

    init(uid: String, identity: String) {
        self.uid = uid
        self.identity = identity
    }

    /// Whether there is anything worth keeping.
    var isEmpty: Bool { attempt == 0 && told.isEmpty && list.isEmpty }

    init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes), let uid = value["uid"]?.stringValue,
            let identity = value["identity"]?.stringValue
        else { return nil }
        self.init(uid: uid, identity: identity)
        attempt = Int(clamping: value["attempt"]?.integerValue ?? 0)
        due = value["due"]?.integerValue ?? 0
        told = value["told"]?.stringValue ?? ""
        list = value["list"]?.stringValue ?? ""
        image = value["image"]?.stringValue ?? ""
    }

    var object: JSONObject {
        var row = JSONObject()
        row["uid"] = .string(uid)
        row["identity"] = .string(identity)
        if attempt > 0 { row["attempt"] = .integer(Int64(attempt)) }
        if due > 0 { row["due"] = .integer(due) }
        if !told.isEmpty { row["told"] = .string(told) }
        if !list.isEmpty { row["list"] = .string(list) }
        if !image.isEmpty { row["image"] = .string(image) }
        return row
    }
}
