/// A field selector: `path=value`, `path==value`, `path!=value`, all must hold (spec/api-machinery.md 4.8).
public struct FieldSelector: Sendable, Hashable {
    public struct Requirement: Sendable, Hashable {
        public var field: String
        public var value: String
        public var isNegated: Bool

        public init(field: String, value: String, isNegated: Bool = false) {
            self.field = field
            self.value = value
            self.isNegated = isNegated
        }
    }

    public var requirements: [Requirement]

    public init(_ requirements: [Requirement] = []) { self.requirements = requirements }

    public var isEmpty: Bool { requirements.isEmpty }

    /// A field that the object does not have compares as the empty string.
    public func matches(_ value: (String) -> String) -> Bool {
        requirements.allSatisfy { (value($0.field) == $0.value) != $0.isNegated }
    }

    /// The value that `field` must equal, where the selector demands one.
    public func required(_ field: String) -> String? {
        requirements.first { $0.field == field && !$0.isNegated }?.value
    }

    /// Parses a selector.
    /// - Throws: `SelectorError` with the parser's text.
    public init(parsing text: String) throws(SelectorError) {
        requirements = []
        for part in Self.split(text) where !part.isEmpty {
            requirements.append(try Self.requirement(part, in: text))
        }
    }

    /// Refuses fields other than name, namespace and those in `known`; the text names the first two only.
    public func validate(known: [String]) throws(SelectorError) {
        for requirement in requirements
        where !["metadata.name", "metadata.namespace"].contains(requirement.field) && !known.contains(requirement.field)
        {
            throw SelectorError(
                "\"\(requirement.field)\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
            )
        }
    }

    /// Splits at commas that no backslash precedes.
    private static func split(_ text: String) -> [String] {
        var parts = [""]
        var isEscaped = false
        for character in text.unicodeScalars {
            if character == "," && !isEscaped {
                parts.append("")
            } else {
                parts[parts.count - 1].unicodeScalars.append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        return parts
    }

    private static func requirement(_ part: String, in whole: String) throws(SelectorError) -> Requirement {
        let scalars = Array(part.unicodeScalars)
        guard let sign = scalars.firstIndex(where: { $0 == "=" || $0 == "!" }) else {
            throw SelectorError("invalid selector: '\(whole)'; can't understand '\(part)'")
        }
        var start = sign + 1
        let isNegated = scalars[sign] == "!"
        if isNegated {
            guard start < scalars.count, scalars[start] == "=" else {
                throw SelectorError("invalid selector: '\(whole)'; can't understand '\(part)'")
            }
            start += 1
        } else if start < scalars.count, scalars[start] == "=" {
            start += 1
        }
        var field = String.UnicodeScalarView()
        field.append(contentsOf: scalars[..<sign])
        return Requirement(
            field: String(field), value: try unescape(scalars[start...]), isNegated: isNegated)
    }

    private static func unescape(_ scalars: ArraySlice<Unicode.Scalar>) throws(SelectorError) -> String {
        var out = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in scalars {
            if isEscaped {
                guard scalar == "\\" || scalar == "," || scalar == "=" else {
                    throw SelectorError("invalid field selector: invalid escape sequence: \\\(scalar)")
                }
                out.append(scalar)
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else if scalar == "=" {
                throw SelectorError("invalid field selector: unescaped character in value: \(scalar)")
            } else {
                out.append(scalar)
            }
        }
        guard !isEscaped else { throw SelectorError("invalid field selector: invalid escape sequence: \\") }
        return String(out)
    }
}
