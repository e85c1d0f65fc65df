import JSON
import OCI

/// How far a scrub is, so that the next server goes on there (row `scrub`).
struct ScrubRecord: Hashable, Sendable {
    /// Milliseconds since 1970.
    var started: Int64
    /// The last blob that was read; nil before the first.
    var last: Digest?
    var isComplete = false
    /// What was read, with what is wrong.
    var blobs: Int64 = 0
    var bytes: Int64 = 0
    var damaged: Int64 = 0

    init(started: Int64) { self.started = started }

    init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes), let started = value["started"]?.integerValue else { return nil }
        self.init(started: started)
        last = value["last"]?.stringValue.flatMap { Digest($0) }
        isComplete = value["complete"]?.boolValue ?? false
        blobs = value["blobs"]?.integerValue ?? 0
        self.bytes = value["bytes"]?.integerValue ?? 0
        damaged = value["damaged"]?.integerValue ?? 0
    }

    var encoded: [UInt8] {
        var out = JSONObject()
        out["started"] = .integer(started)
        if let last { out["last"] = .string(last.description) }
        if isComplete { out["complete"] = true }
        out["blobs"] = .integer(blobs)
        out["bytes"] = .integer(bytes)
        out["damaged"] = .integer(damaged)
        return JSONValue.object(out).jsonBytes()
    }
}
