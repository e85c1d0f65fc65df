/// One clause of an `Accept` header (spec/api-machinery.md 1.5).
struct AcceptClause: Sendable, Hashable {
    var type: String
    var parameters: [String: String]
    var quality: Double

    /// The clauses by falling quality; equal ones keep their order. Malformed clauses are left out.
    static func parse(_ header: String) -> [AcceptClause] {
        let clauses = header.split(separator: ",").prefix(64).compactMap(Self.init(_:))
        return clauses.enumerated().sorted {
            $0.element.quality != $1.element.quality
                ? $0.element.quality > $1.element.quality : $0.offset < $1.offset
        }.map(\.element)
    }

    private init?(_ text: Substring) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map(Self.trimmed)
        guard let type = parts.first, type.contains("/") else { return nil }
        self.type = type.lowercased()
        quality = 1
        parameters = [:]
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1).map(Self.trimmed)
            guard let name = pair.first?.lowercased() else { continue }
            let value = pair.count > 1 ? pair[1].trimming("\"") : ""
            if name == "q" { quality = Double(value) ?? 1 } else { parameters[name] = value }
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var slice = text
        while let first = slice.first, first == " " || first == "\t" { slice = slice.dropFirst() }
        while let last = slice.last, last == " " || last == "\t" { slice = slice.dropLast() }
        return String(slice)
    }
}

extension String {
    fileprivate func trimming(_ character: Character) -> String {
        var slice = self[...]
        if slice.first == character { slice = slice.dropFirst() }
        if slice.last == character { slice = slice.dropLast() }
        return String(slice)
    }
}
