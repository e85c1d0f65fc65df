import JSON
import Yams

/// YAML in and out, by way of JSON values, with the scalar rules of Kubernetes (YAML 1.1 booleans, no dates).
public enum YAML {
    /// Why a document could not be read; the text begins with `yaml: `.
    public struct Failure: Error, Sendable, Hashable {
        public var text: String
        /// The only fault is a key that is set twice: a matter for field validation.
        public var isDuplicateKey = false
    }

    /// The most nodes a document may have after its aliases are expanded.
    public static let maximumNodes = 1_000_000
    public static let maximumDepth = 1_000

    /// The first document of `text`.
    public static func parse(_ text: String) throws(Failure) -> JSONValue {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw failure(of: error)
        } catch {
            throw Failure(text: "yaml: \(error)")
        }
        guard let node else { return .null }
        var budget = maximumNodes
        return try convert(node, budget: &budget, depth: 0)
    }

    private static func failure(of error: YamlError) -> Failure {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return Failure(text: "yaml: line \(mark.line): \(problem)")
        case .duplicatedKeysInMapping(let duplicates, _):
            let lines = duplicates.sorted { ($0.mark?.line ?? 0) < ($1.mark?.line ?? 0) }.map { node in
                "  line \(node.mark?.line ?? 0): key \(goQuoted(node.string ?? "")) already set in map"
            }
            return Failure(text: "yaml: unmarshal errors:\n\(lines.joined(separator: "\n"))", isDuplicateKey: true)
        case .reader(let problem, let offset, _, _):
            return Failure(text: "yaml: offset \(offset ?? 0): \(problem)")
        default:
            return Failure(text: "yaml: \(error)")
        }
    }

    private static func convert(_ node: Node, budget: inout Int, depth: Int) throws(Failure) -> JSONValue {
        budget -= 1
        guard budget > 0 else { throw Failure(text: "yaml: document contains excessive aliasing") }
        guard depth < maximumDepth else { throw Failure(text: "yaml: exceeded max depth") }
        switch node {
        case .scalar(let scalar):
            return YAMLScalar.resolve(scalar)
        case .sequence(let sequence):
            var elements: [JSONValue] = []
            for element in sequence { elements.append(try convert(element, budget: &budget, depth: depth + 1)) }
            return .array(elements)
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, value) in mapping {
                guard case .scalar(let scalar) = key else { throw Failure(text: "yaml: unsupported map key") }
                object[YAMLScalar.key(scalar)] = try convert(value, budget: &budget, depth: depth + 1)
            }
            return .object(object)
        case .alias:
            throw Failure(text: "yaml: unknown anchor")
        }
    }

    /// `value` as a YAML document, keys sorted.
    public static func serialize(_ value: JSONValue) throws(Failure) -> String {
        do {
            return try Yams.serialize(node: node(of: value), width: -1, allowUnicode: true)
        } catch {
            throw Failure(text: "yaml: \(error)")
        }
    }

    private static func node(of value: JSONValue) -> Node {
        switch value {
        case .object(let object):
            let pairs = object.map { ($0.0, $0.1) }.sorted { $0.0 < $1.0 }
            return .mapping(
                Node.Mapping(
                    pairs.map { (YAMLScalar.node(string: $0.0), node(of: $0.1)) }, Tag(.map),
                    pairs.isEmpty ? .flow : .block))
        case .array(let elements):
            return .sequence(
                Node.Sequence(elements.map(node(of:)), Tag(.seq), elements.isEmpty ? .flow : .block))
        case .string(let text):
            return YAMLScalar.node(string: text)
        default:
            return .scalar(Node.Scalar(value.compactText, Tag(.implicit), .plain))
        }
    }
}
