import Foundation

/// Changes of a htpasswd file, as `weir user` makes them. Lines of others, comments too, stay as they are.
public enum HtpasswdEditing {
    /// The text with a user's hash set.
    public static func setting(_ name: String, to hash: PasswordHash, in text: String) -> String {
        let line = "\(name):\(hash.text)"
        var isThere = false
        var lines = lines(of: text).compactMap { old -> String? in
            guard Self.name(in: old) == name else { return old }
            defer { isThere = true }
            return isThere ? nil : line
        }
        if !isThere { lines.append(line) }
        return lines.map { $0 + "\n" }.joined()
    }

    /// The text without a user; nil where it has none of that name.
    public static func removing(_ name: String, from text: String) -> String? {
        let old = lines(of: text)
        let rest = old.filter { Self.name(in: $0) != name }
        return rest.count == old.count ? nil : rest.map { $0 + "\n" }.joined()
    }

    private static func lines(of text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map(String.init)
    }

    private static func name(in line: String) -> String? {
        line.hasPrefix("#") ? nil : line.firstIndex(of: ":").map { String(line[..<$0]) }
    }
}
