import APIMachinery
import JSON
import Store
import Synchronization

/// A stored object in the form in which it is handed out: encoded when written, never decoded to be read
/// (design, section 1.2).
public final class StoredObject: Sendable {
    /// The complete JSON with `metadata.resourceVersion`.
    public let encoded: EncodedObject
    /// The object as it is stored, where that differs from what clients see.
    private let storedBytes: [UInt8]?

    /// What is asked of the metadata.
    private struct Facts {
        var labels: [String: String]
        var isTerminating: Bool

        init(_ metadata: ObjectMeta) {
            labels = metadata.labels
            isTerminating = metadata.deletionTimestamp != nil
        }
    }

    private let facts: Mutex<Facts?>

    /// - Parameter metadata: of the object; nil where it is not at hand, and decoded when somebody asks.
    init(encoded: EncodedObject, storedBytes: [UInt8]? = nil, metadata: ObjectMeta?) {
        self.encoded = encoded
        self.storedBytes = storedBytes
        facts = Mutex(metadata.map(Facts.init))
    }

    public var labels: [String: String] { known { $0.labels } }

    /// Whether the object has a deletion timestamp, and goes when its finalizers have.
    var isTerminating: Bool { known { $0.isTerminating } }

    private func known<Fact>(_ fact: (Facts) -> Fact) -> Fact {
        facts.withLock { facts in
            if let facts { return fact(facts) }
            // Decoded alone: the rest of an object may be a hundred times as much. One that is damaged says nothing.
            let metadata = EncodedMembers(stored)?["metadata"].flatMap { try? ObjectMeta.decode(Array($0)) }
            let decoded = Facts(metadata ?? ObjectMeta())
            facts = decoded
            return fact(decoded)
        }
    }

    /// Whether clients see the object as it is stored.
    var isShownAsStored: Bool { storedBytes == nil }

    /// The JSON of the object as it is stored.
    var stored: [UInt8] { storedBytes ?? encoded.json }
}

/// The stored form of an object: its JSON with an empty `resourceVersion`, because the revision is known only when the
/// write has happened. The revision is put in when the object is read into the cache.
enum StoredForm {
    private static let marker = Array(#""resourceVersion":""#.utf8)

    /// The bytes to store for `object`, whose `resourceVersion` must be empty.
    ///
    /// - Parameter current: the state that `object` came from.
    static func encode<Object: APIObject>(_ object: Object, from current: CurrentObject<Object>? = nil) -> [UInt8] {
        var marked = object
        marked.metadata.resourceVersion = "0"
        return withoutRevision(current?.encoding(of: marked) ?? marked.jsonBytes())
    }

    /// The bytes to store of an object whose encoding has a `resourceVersion`.
    static func withoutRevision(_ encoded: [UInt8]) -> [UInt8] {
        guard let position = position(in: encoded) else { return encoded }
        var bytes = encoded
        let end = bytes[position...].firstIndex(of: UInt8(ascii: "\"")) ?? position
        bytes.removeSubrange(position..<end)
        return bytes
    }

    /// `bytes` with its `resourceVersion` replaced by `revision`.
    ///
    /// The first member of that name is the object's own: before it metadata has strings only, and a quotation mark
    /// inside a string is escaped.
    static func replacingRevision(in bytes: [UInt8], by revision: Int64) -> [UInt8] {
        guard let position = position(in: bytes) else { return bytes }
        var end = position
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") { end += 1 }
        let digits = Array(String(revision).utf8)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + digits.count)
        out += bytes[..<position]
        out += digits
        out += bytes[end...]
        return out
    }

    /// Where the value of `resourceVersion` begins.
    private static func position(in bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBufferPointer { bytes in
            let last = bytes.count - marker.count
            var index = 0
            while index <= last {
                if bytes[index] == marker[0] && bytes[index + 1] == marker[1] && bytes[index + 9] == marker[9] {
                    var offset = 2
                    while offset < marker.count && bytes[index + offset] == marker[offset] { offset += 1 }
                    if offset == marker.count { return index + marker.count }
                }
                index += 1
            }
            return nil
        }
    }
}
