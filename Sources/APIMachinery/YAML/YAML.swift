import JSON
import Yams

/// YAML in and out, by way of JSON values, with the scalar rules of Kubernetes (YAML 1.1 booleans, no dates).
public enum YAML {
    /// Why a document could not be read; the text begins with `yaml: `.
    public struct Failure: Error, Sendable, Hashable {
        public var text: String
    }

    /// A document that was read.
    public struct Document: Sendable {
        public var value: JSONValue
        /// Keys that were set twice, as field validation prints them; the later one counts.
        public var duplicateKeys: [String]
    }

    /// What a document may grow to when its aliases are expanded.
    public struct Limits: Sendable {
        public var nodes = 500_000
        public var bytes = 16 << 20
        public var depth = 1_000
        public var directives = 100

        public init() {}
    }

    /// The first document of `text`; null where there is none.
    public static func parse(_ text: String, limits: Limits = Limits()) throws(Failure) -> Document {
        let reader = YAMLReader(text, limits: limits)
        return try reader.readDocument()
    }

    /// `value` as a YAML document, keys sorted.
    /// - Throws: for a value deeper than documents that can be read: the library recurses.
    public static func serialize(_ value: JSONValue) throws(Failure) -> String {
        guard !value.isDeeper(than: Limits().depth) else { throw Failure(text: "yaml: exceeded max depth") }
        do {
            return try Yams.serialize(node: node(of: value), width: -1, allowUnicode: true)
        } catch {
            throw Failure(text: "yaml: \(error)")
        }
    }

    private static func node(of value: JSONValue) -> Node {
        switch value {
        case .object(let object):
            let pairs = object.sorted { $0.key < $1.key }.map { (YAMLScalar.node(string: $0.key), node(of: $0.value)) }
            return .mapping(Node.Mapping(pairs, Tag(.map), pairs.isEmpty ? .flow : .block))
        case .array(let elements):
            return .sequence(Node.Sequence(elements.map(node(of:)), Tag(.seq), elements.isEmpty ? .flow : .block))
        case .string(let text):
            return YAMLScalar.node(string: text)
        default:
            return .scalar(Node.Scalar(value.description, Tag(.implicit), .plain))
        }
    }
}
