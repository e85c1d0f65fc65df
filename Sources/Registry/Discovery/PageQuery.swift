import APIServer
import HTTPTypes

/// How much of a list a client wants, and where it begins (spec/registry.md 1.12, 1.13). Pure.
struct PageQuery: Hashable, Sendable {
    /// Entries; nil where the client does not say.
    var limit: Int?
    /// The page begins behind it; empty for the first.
    var last: String

    /// - Throws: `PAGINATION_NUMBER_INVALID`.
    init(_ query: QueryParameters) throws(RegistryError) {
        last = query["last"] ?? ""
        guard let text = query["n"] else {
            limit = nil
            return
        }
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw Self.invalid(text)
        }
        // So many that it is no number of ours are all.
        limit = Int(text) ?? Int.max
    }

    static func invalid(_ text: String) -> RegistryError {
        RegistryError(
            400, .paginationNumberInvalid, "invalid number of results requested", detail: ["n": .string(text)])
    }

    /// The header that leads to the next page.
    static func next(_ path: String, last: String, limit: Int?, further: [(String, String)] = []) -> String {
        var parameters = [("last", last)]
        if let limit { parameters.append(("n", String(limit))) }
        let query = (parameters + further).map { "\($0.0)=\(escaped($0.1))" }.joined(separator: "&")
        return "<\(path)?\(query)>; rel=\"next\""
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                out += hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return out
    }
}
