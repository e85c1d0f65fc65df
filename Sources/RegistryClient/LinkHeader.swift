/// `Link` headers, of which only the next page matters (G.8).
enum LinkHeader {
    /// The first target whose relation is `next`, or that names none.
    static func next(_ values: [String]) -> String? {
        for value in values {
            var rest = value[...]
            while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
                let target = rest[rest.index(after: open)..<close]
                rest = rest[rest.index(after: close)...]
                let parameters = rest.prefix(upTo: endOfLink(rest))
                rest = rest[parameters.endIndex...]
                if isNext(parameters) { return String(target).trimmingBlanks }
            }
        }
        return nil
    }

    /// The comma that starts the next link; commas inside quotes do not count.
    private static func endOfLink(_ text: Substring) -> Substring.Index {
        var inQuotes = false
        for index in text.indices {
            if text[index] == "\"" { inQuotes.toggle() }
            if text[index] == ",", !inQuotes { return index }
        }
        return text.endIndex
    }

    private static func isNext(_ parameters: Substring) -> Bool {
        for parameter in parameters.split(separator: ";") {
            let parts = parameter.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, String(parts[0]).trimmingBlanks.lowercased() == "rel" else { continue }
            let relations = parts[1].replacing("\"", with: "").lowercased()
            return relations.split(separator: " ").contains("next")
        }
        return true
    }
}
