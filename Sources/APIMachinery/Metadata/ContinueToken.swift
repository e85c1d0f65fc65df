import JSON

/// The position of a paged list (spec/api-machinery.md 4.5): opaque to clients, portable between replicas.
public struct ContinueToken: Sendable, Hashable {
    /// The snapshot's revision; -1 continues from the present state after the snapshot expired.
    public var revision: Int64
    /// The first key of the next page, relative to the collection's prefix.
    public var start: String

    public init(revision: Int64, start: String) {
        self.revision = revision
        self.start = start
    }

    /// The token as clients carry it: base64url without padding.
    public var encoded: String {
        let document = JSONValue.object(
            JSONObject(members: [
                ("v", .string("meta.k8s.io/v1")), ("rv", .integer(revision)), ("start", .string(start)),
            ]))
        return Base64URL.encode(Array(document.description.utf8))
    }

    /// Reads a token.
    /// - Throws: `SelectorError` with the text of the 400 answer; a token never leads out of its collection.
    public init(decoding text: String) throws(SelectorError) {
        func invalid(_ detail: String) -> SelectorError {
            SelectorError("invalid continue token: continue key is not valid: \(detail)")
        }
        guard let bytes = Base64URL.decode(text) else {
            throw invalid("illegal base64 data at input byte \(Base64URL.firstIllegal(in: text))")
        }
        let document: JSONValue
        do { document = try JSONValue.parse(bytes) } catch { throw invalid(error.message) }
        guard case .object(let members) = document else {
            throw invalid("json: cannot unmarshal \(document.typeName) into Go value of type storage.continueToken")
        }
        let version = members["v"]?.stringValue ?? ""
        guard version == "meta.k8s.io/v1" else {
            throw invalid("server does not recognize this encoded version \(version)")
        }
        guard case .integer(let revision)? = members["rv"], revision != 0 else {
            throw invalid("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
        }
        guard let start = members["start"]?.stringValue, !start.isEmpty else {
            throw invalid("encoded start key empty (version meta.k8s.io/v1)")
        }
        let segments = start.split(separator: "/", omittingEmptySubsequences: false)
        guard !segments.contains(".."), !segments.contains("."), !start.hasPrefix("/") else { throw invalid(start) }
        self.revision = revision
        self.start = start
    }
}

/// Base64 with the URL alphabet and without padding (RFC 4648, section 5).
public enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    public static func encode(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count * 4 + 2) / 3)
        var index = 0
        while index < bytes.count {
            let rest = min(3, bytes.count - index)
            var group = 0
            for offset in 0..<3 {
                group = group << 8 | (offset < rest ? Int(bytes[index + offset]) : 0)
            }
            for digit in 0...rest { out.append(alphabet[group >> (18 - 6 * digit) & 63]) }
            index += 3
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// - Returns: `nil` where a character is not of the alphabet or the length cannot be.
    public static func decode(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 4 != 1 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(digits.count * 3 / 4)
        var group = 0
        var bits = 0
        for digit in digits {
            guard let value = alphabet.firstIndex(of: digit) else { return nil }
            group = (group << 6 | value) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: group >> bits))
            }
        }
        return out
    }

    static func firstIllegal(in text: String) -> Int {
        Array(text.utf8).firstIndex { !alphabet.contains($0) } ?? (text.utf8.count / 4) * 4
    }
}
