import APIMachinery

/// The parameters of a query string (spec/api-machinery.md 1.4): the first value of a scalar counts.
public struct QueryParameters: Sendable {
    private var pairs: [(name: String, value: String)] = []

    public init(_ query: String) {
        guard !query.isEmpty else { return }
        for part in query.utf8.split(separator: UInt8(ascii: "&")) {
            let mark = part.firstIndex(of: UInt8(ascii: "="))
            let name = PercentEncoding.decode(part[..<(mark ?? part.endIndex)], plusIsSpace: true)
            let value = mark.map { PercentEncoding.decode(part[part.index(after: $0)...], plusIsSpace: true) } ?? ""
            pairs.append((name, value))
        }
    }

    public subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    public func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    /// Absent, `false` in any case and `0` are false; everything else, also the empty value, is true.
    public func flag(_ name: String) -> Bool? {
        guard let value = self[name] else { return nil }
        return value != "0" && value.lowercased() != "false"
    }

    /// - Throws: 400 with the parser's text where the value is no decimal number.
    public func integer(_ name: String) throws(APIError) -> Int64? {
        guard let value = self[name], !value.isEmpty else { return nil }
        guard let number = Int64(value), !value.hasPrefix("+") else {
            throw APIError.badRequest("strconv.ParseInt: parsing \(goQuoted(value)): invalid syntax")
        }
        return number
    }
}

/// Percent escapes of URLs (RFC 3986). Malformed escapes stay as they are; invalid UTF-8 is replaced.
public enum PercentEncoding {
    /// The path as it is meant; most have nothing to decode.
    public static func decode(path: String) -> String {
        path.utf8.contains(UInt8(ascii: "%")) ? decode(path.utf8) : path
    }

    public static func decode<Bytes: Sequence<UInt8>>(_ bytes: Bytes, plusIsSpace: Bool = false) -> String {
        var out: [UInt8] = []
        var pending: [UInt8] = []
        for byte in bytes {
            if !pending.isEmpty {
                pending.append(byte)
                guard pending.count == 3 else { continue }
                if let high = hexValue(pending[1]), let low = hexValue(pending[2]) {
                    out.append(high << 4 | low)
                } else {
                    out += pending
                }
                pending.removeAll(keepingCapacity: true)
            } else if byte == UInt8(ascii: "%") {
                pending.append(byte)
            } else if plusIsSpace && byte == UInt8(ascii: "+") {
                out.append(UInt8(ascii: " "))
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out + pending, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
