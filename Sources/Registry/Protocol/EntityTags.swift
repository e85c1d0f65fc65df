import HTTPTypes

/// Conditions on the digest of what a path names (spec/registry.md M-4, P-12; RFC 9110, 13.1).
enum EntityTags {
    /// Whether a list of tags names the digest. Quotes and weakness do not matter, `*` is all.
    /// - Parameter header: values of `If-None-Match` or `If-Match`, several headers joined by commas.
    static func contains(_ header: String, _ digest: String) -> Bool {
        header.split(separator: ",").contains { part in
            var text = part.drop { $0 == " " || $0 == "\t" }
            while let last = text.last, last == " " || last == "\t" { text.removeLast() }
            if text.hasPrefix("W/") { text = text.dropFirst(2) }
            if text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") { text = text.dropFirst().dropLast() }
            return text == "*" || text == digest
        }
    }

    /// All values of a header as one list; nil where it is not there.
    static func list(_ name: HTTPField.Name, in headers: HTTPFields) -> String? {
        let values = headers[values: name]
        return values.isEmpty ? nil : values.joined(separator: ",")
    }
}
