/// An absolute http or https URL, taken apart. URLs with user names in them are refused.
struct WebAddress: Hashable, Sendable, CustomStringConvertible {
    let scheme: String
    /// Lower case, without port.
    let host: String
    /// As given; nil for the scheme's own.
    let port: Int?
    /// Starts with a slash; has no fragment.
    let target: String

    /// Scheme, host and port: what challenges and `Authorization` are bound to.
    var origin: String { "\(scheme)://\(host):\(port ?? (scheme == "https" ? 443 : 80))" }
    var authority: String { port.map { "\(host):\($0)" } ?? host }
    /// `target` without the query.
    var path: String { String(target.prefix { $0 != "?" }) }
    var query: String? { target.firstIndex(of: "?").map { String(target[target.index(after: $0)...]) } }
    var description: String { "\(scheme)://\(authority)\(target)" }

    init?(_ text: String) {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        var rest = text.dropFirst(scheme.count)
        guard rest.hasPrefix("://") else { return nil }
        rest = rest.dropFirst(3)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        guard let (host, port) = Self.splitAuthority(rest[..<end]) else { return nil }
        self.init(scheme: scheme, host: host, port: port, target: String(rest[end...]))
    }

    init(scheme: String, host: String, port: Int?, target: String) {
        self.scheme = scheme
        self.host = host
        self.port = port
        let visible = Self.encoded(target.prefix { $0 != "#" })
        self.target = visible.hasPrefix("/") ? visible : "/" + visible
    }

    private static func splitAuthority(_ text: Substring) -> (host: String, port: Int?)? {
        var host = text
        var port: Int?
        let search = text.hasPrefix("[") ? text[(text.firstIndex(of: "]") ?? text.startIndex)...] : text
        if let colon = search.lastIndex(of: ":") {
            host = text[..<colon]
            let digits = text[text.index(after: colon)...]
            if !digits.isEmpty {
                guard let number = UInt16(digits) else { return nil }
                port = Int(number)
            }
        }
        let allowed = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._~[]:%".utf8.contains(byte)
            }
        }
        guard !host.isEmpty, allowed else { return nil }
        return (host.lowercased(), port)
    }

    /// Bytes that cannot stand in a request line are written as `%XX`.
    private static func encoded(_ text: Substring) -> String {
        guard text.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) else { return String(text) }
        var out = ""
        for byte in text.utf8 {
            if byte <= 0x20 || byte >= 0x7F {
                out += percent(byte)
            } else {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return out
    }

    private static func percent(_ byte: UInt8) -> String {
        let hex = String(byte, radix: 16, uppercase: true)
        return hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
    }

    /// `value` as a form writes it: blanks as `+`, only letters, digits and `-._~` as they are.
    static func formEncoded(_ value: String) -> String {
        var out = ""
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            case 0x20: out += "+"
            default: out += percent(byte)
            }
        }
        return out
    }
}

extension WebAddress {
    /// The URL `reference` means when it stands in an answer of this one; nil if it is no http or https URL.
    func resolving(_ reference: String) -> WebAddress? {
        let reference = reference.trimmingBlanks
        guard !reference.isEmpty else { return nil }
        if reference.hasPrefix("//") { return WebAddress("\(scheme):\(reference)") }
        if reference.hasPrefix("/") { return moved(to: reference) }
        let head = reference.prefix { !"/?#".contains($0) }
        if head.contains(":") { return WebAddress(reference) }
        if reference.hasPrefix("?") { return moved(to: path + reference) }
        let folder = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
        return moved(to: "\(folder)/\(reference)")
    }

    private func moved(to target: String) -> WebAddress {
        let target = target.prefix { $0 != "#" }
        let end = target.firstIndex(of: "?") ?? target.endIndex
        return WebAddress(
            scheme: scheme, host: host, port: port, target: Self.withoutDots(target[..<end]) + target[end...])
    }

    private static func withoutDots(_ path: Substring) -> String {
        guard path.contains("/.") else { return String(path) }
        var out: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (offset, segment) in segments.enumerated() {
            let isLast = offset == segments.count - 1
            switch segment {
            case ".": if isLast { out.append("") }
            case "..":
                _ = out.popLast()
                if isLast { out.append("") }
            default: out.append(segment)
            }
        }
        return "/" + out.joined(separator: "/")
    }
}

/// Whether `text` is an http or https URL that can be asked for.
package func isWebAddress(_ text: String) -> Bool { WebAddress(text) != nil }

extension String {
    /// Without blanks and tabs at both ends.
    var trimmingBlanks: String {
        var text = self[...]
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
