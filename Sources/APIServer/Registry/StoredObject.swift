import APIMachinery
import JSON
import Store

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A stored object in the form in which it is handed out: encoded when written, never decoded to be read
/// (design, section 1.2).
public final class StoredObject: Sendable {
    /// The complete JSON with `metadata.resourceVersion`.
    public let encoded: EncodedObject
    public let labels: [String: String]
    /// The object as it is stored, where that differs from what clients see.
    private let storedBytes: [UInt8]?

    init(encoded: EncodedObject, storedBytes: [UInt8]? = nil, labels: [String: String]) {
        self.encoded = encoded
        self.storedBytes = storedBytes
        self.labels = labels
    }

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
        var bytes = current?.encoding(of: marked) ?? marked.jsonBytes()
        if let position = position(in: bytes) { bytes.remove(at: position) }
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

    /// Whether two encodings differ in nothing but the value of `resourceVersion`.
    static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard let start = position(in: left), position(in: right) == start else { return left == right }
        let mark = UInt8(ascii: "\"")
        guard let leftEnd = left[start...].firstIndex(of: mark), let rightEnd = right[start...].firstIndex(of: mark)
        else { return false }
        return left.count - leftEnd == right.count - rightEnd
            && left.withUnsafeBytes { left in
                right.withUnsafeBytes { right in
                    guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return false }
                    return memcmp(leftBase, rightBase, start) == 0
                        && memcmp(leftBase + leftEnd, rightBase + rightEnd, left.count - leftEnd) == 0
                }
            }
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
