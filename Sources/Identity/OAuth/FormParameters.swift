import APIServer

/// The parameters of an OAuth request: of a query, or a body of type `application/x-www-form-urlencoded`. Each may come
/// once (RFC 6749, 3.1).
struct FormParameters: Sendable {
    static let maximumBytes = 16_384
    private static let maximumCount = 64

    private var values: [String: String] = [:]

    /// A parameter came twice, or there are too many, or they are too long.
    struct Malformed: Error {}

    init(_ text: String) throws {
        guard text.utf8.count <= Self.maximumBytes else { throw Malformed() }
        let parts = text.utf8.split(separator: UInt8(ascii: "&"))
        guard parts.count <= Self.maximumCount else { throw Malformed() }
        for part in parts {
            let mark = part.firstIndex(of: UInt8(ascii: "="))
            let name = PercentEncoding.decode(part[..<(mark ?? part.endIndex)], plusIsSpace: true)
            let value = mark.map { PercentEncoding.decode(part[part.index(after: $0)...], plusIsSpace: true) } ?? ""
            guard values.updateValue(value, forKey: name) == nil else { throw Malformed() }
        }
    }

    /// Empty is as good as absent.
    subscript(name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// `name=value&…` with everything escaped that is not unreserved (RFC 3986).
    static func encode(_ parameters: [(String, String)]) -> String {
        parameters.map { "\(escape($0.0))=\(escape($0.1))" }.joined(separator: "&")
    }

    private static func escape(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.append(byte)
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
