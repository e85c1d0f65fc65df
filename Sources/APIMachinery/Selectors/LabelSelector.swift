/// A label selector: requirements that must all hold (spec/api-machinery.md 4.7). Empty selects everything.
public struct LabelSelector: Sendable, Hashable {
    public enum Requirement: Sendable, Hashable {
        case exists(String)
        case absent(String)
        case isIn(String, Set<String>)
        /// Holds also where the key is absent.
        case notIn(String, Set<String>)
        case greater(String, Int64)
        case less(String, Int64)

        public func matches(_ labels: [String: String]) -> Bool {
            switch self {
            case .exists(let key): labels[key] != nil
            case .absent(let key): labels[key] == nil
            case .isIn(let key, let values): labels[key].map(values.contains) ?? false
            case .notIn(let key, let values): labels[key].map { !values.contains($0) } ?? true
            case .greater(let key, let bound): labels[key].flatMap { Int64($0) }.map { $0 > bound } ?? false
            case .less(let key, let bound): labels[key].flatMap { Int64($0) }.map { $0 < bound } ?? false
            }
        }
    }

    public var requirements: [Requirement]

    public init(_ requirements: [Requirement] = []) { self.requirements = requirements }

    public var isEmpty: Bool { requirements.isEmpty }

    public func matches(_ labels: [String: String]) -> Bool {
        requirements.allSatisfy { $0.matches(labels) }
    }

    /// Parses a selector.
    /// - Throws: `SelectorError` with the parser's text.
    public init(parsing text: String) throws(SelectorError) {
        var parser = LabelSelectorParser(text)
        requirements = try parser.parse()
    }
}

/// Why a selector could not be read; the text is the message of the 400 answer.
public struct SelectorError: Error, Sendable, Hashable {
    public var text: String
    public init(_ text: String) { self.text = text }
}
