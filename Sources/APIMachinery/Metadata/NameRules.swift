/// The rules for names, label keys and values (spec/api-machinery.md 3.4, 3.10, appendix B).
///
/// Each returns the messages of the rules that fail; none means valid.
public enum NameRules {
    /// A label or annotation key, or a finalizer: `[prefix/]name`.
    ///
    /// - Parameter noun: how the text calls it: `label key` or `qualified name`.
    public static func qualifiedName(_ text: String, noun: String = "qualified name") -> [String] {
        var messages: [String] = []
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let name: Substring
        switch parts.count {
        case 1:
            name = parts[0]
        case 2:
            name = parts[1]
            if parts[0].isEmpty {
                messages.append("prefix part must be non-empty")
            } else {
                messages += subdomain(String(parts[0])).map { "prefix part \($0)" }
            }
        default:
            return [
                "a \(noun) \(qualifiedNameText) with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ]
        }
        if name.isEmpty {
            messages.append("name part must be non-empty")
        } else if name.utf8.count > 63 {
            messages.append("name part \(tooLong(63))")
        }
        if !isNameLike(name.utf8) {
            messages.append("name part \(qualifiedNameText)")
        }
        return messages
    }

    public static func labelValue(_ text: String) -> [String] {
        var messages: [String] = []
        if text.utf8.count > 63 { messages.append(tooLong(63)) }
        if !text.isEmpty && !isNameLike(text.utf8) {
            messages.append(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            )
        }
        return messages
    }

    /// A DNS-1123 subdomain of at most 253 characters.
    public static func subdomain(_ text: String) -> [String] {
        var messages: [String] = []
        if text.utf8.count > 253 { messages.append(tooLong(253)) }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if !labels.allSatisfy(isLabelLike) {
            messages.append(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            )
        }
        return messages
    }

    /// A DNS-1123 label of at most 63 characters: the rule for namespaces.
    public static func label(_ text: String) -> [String] {
        var messages: [String] = []
        if text.utf8.count > 63 { messages.append(tooLong(63)) }
        if !isLabelLike(text.utf8[...]) {
            if subdomain(text).isEmpty {
                messages.append("must not contain dots")
            } else {
                messages.append(
                    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
                )
            }
        }
        return messages
    }

    /// The rule every name keeps: it can stand as one segment of a path.
    public static func pathSegment(_ text: String) -> [String] {
        if text == "." || text == ".." { return ["may not be '\(text)'"] }
        var messages: [String] = []
        if text.utf8.contains(UInt8(ascii: "/")) { messages.append("may not contain '/'") }
        if text.utf8.contains(UInt8(ascii: "%")) { messages.append("may not contain '%'") }
        return messages
    }

    private static func tooLong(_ limit: Int) -> String { "must be no more than \(limit) characters" }

    private static let qualifiedNameText =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

    /// `([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]`
    private static func isNameLike<Bytes: BidirectionalCollection<UInt8>>(_ bytes: Bytes) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last) else {
            return false
        }
        return bytes.allSatisfy {
            isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
        }
    }

    /// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
    private static func isLabelLike(_ bytes: Substring.UTF8View.SubSequence) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isLower(first), isLower(last) else { return false }
        return bytes.allSatisfy { isLower($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLower(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
