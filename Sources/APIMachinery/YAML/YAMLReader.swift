import CYaml
import JSON

/// Reads a YAML document event by event into a JSON value.
///
/// Yams' own tree refuses a key that is set twice, where Kubernetes takes the later one, and hashes keys before their
/// aliases can be counted; on the events both are ours to decide, and nothing grows beyond the limits.
final class YAMLReader {
    private struct Anchor {
        var value: JSONValue
        var nodes: Int
        var bytes: Int
    }

    private let limits: YAML.Limits
    private var parser = yaml_parser_t()
    private let input: [UInt8]
    private var anchors: [String: Anchor] = [:]
    private var duplicates: [String] = []
    private var nodes = 0
    private var bytes = 0

    init(_ text: String, limits: YAML.Limits) {
        self.limits = limits
        input = Array(text.utf8)
    }

    func readDocument() throws(YAML.Failure) -> YAML.Document {
        guard countDirectives() <= limits.directives else { throw YAML.Failure(text: "yaml: too many directives") }
        guard yaml_parser_initialize(&parser) == 1 else { throw YAML.Failure(text: "yaml: out of memory") }
        defer { yaml_parser_delete(&parser) }
        return try input.withUnsafeBufferPointer { (buffer) throws(YAML.Failure) in
            yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
            while true {
                let event = try next()
                switch event.kind {
                case .documentStart:
                    return YAML.Document(value: try value(try next(), depth: 0), duplicateKeys: duplicates)
                case .streamEnd:
                    return YAML.Document(value: .null, duplicateKeys: [])
                default: continue
                }
            }
        }
    }

    /// The lines that begin as directives do. The library compares each directive with all others: a body of them takes
    /// minutes. Of content no line begins so but in strings over several lines.
    private func countDirectives() -> Int {
        var count = 0
        var index = 0
        while let sign = input[index...].firstIndex(of: UInt8(ascii: "%")) {
            if isLineStart(sign) { count += 1 }
            index = sign + 1
        }
        return count
    }

    /// Whether a line begins there, by the line breaks of YAML 1.1: LF, CR, U+0085, U+2028 and U+2029.
    private func isLineStart(_ index: Int) -> Bool {
        guard index > 0 else { return true }
        switch input[index - 1] {
        case 0x0A, 0x0D: return true
        case 0x85: return index > 1 && input[index - 2] == 0xC2
        case 0xA8, 0xA9: return index > 2 && input[index - 2] == 0x80 && input[index - 3] == 0xE2
        default: return false
        }
    }

    private func value(_ event: YAMLEvent, depth: Int) throws(YAML.Failure) -> JSONValue {
        guard depth < limits.depth else { throw YAML.Failure(text: "yaml: line \(event.line): exceeded max depth") }
        if case .alias(let name) = event.kind {
            guard let anchor = anchors[name] else {
                throw YAML.Failure(text: "yaml: unknown anchor '\(name)' referenced")
            }
            try spend(nodes: anchor.nodes, bytes: anchor.bytes)
            return anchor.value
        }
        let before = (nodes, bytes)
        let value: JSONValue
        var anchorName: String?
        switch event.kind {
        case .scalar(let scalar, let anchor):
            try spend(nodes: 1, bytes: scalar.text.utf8.count)
            value = YAMLScalar.resolve(scalar)
            anchorName = anchor
        case .sequenceStart(let anchor):
            try spend(nodes: 1, bytes: 2)
            value = try sequence(depth: depth)
            anchorName = anchor
        case .mappingStart(let anchor):
            try spend(nodes: 1, bytes: 2)
            value = try mapping(depth: depth)
            anchorName = anchor
        default:
            throw YAML.Failure(text: "yaml: line \(event.line): unexpected \(event.kind)")
        }
        if let anchorName {
            anchors[anchorName] = Anchor(value: value, nodes: nodes - before.0, bytes: bytes - before.1)
        }
        return value
    }

    private func sequence(depth: Int) throws(YAML.Failure) -> JSONValue {
        var elements: [JSONValue] = []
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind { return .array(elements) }
            elements.append(try value(event, depth: depth + 1))
        }
    }

    private func mapping(depth: Int) throws(YAML.Failure) -> JSONValue {
        var object = JSONObject()
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { return .object(object) }
            let key = try key(event)
            let value = try value(try next(), depth: depth + 1)
            if object[key] != nil && duplicates.count < JSONIssue.limit {
                duplicates.append("line \(event.line): key \(goQuoted(key)) already set in map")
            }
            object[key] = value
        }
    }

    private func key(_ event: YAMLEvent) throws(YAML.Failure) -> String {
        switch event.kind {
        case .scalar(let scalar, let anchor):
            let size = scalar.text.utf8.count
            try spend(nodes: 1, bytes: size)
            if let anchor { anchors[anchor] = Anchor(value: YAMLScalar.resolve(scalar), nodes: 1, bytes: size) }
            return YAMLScalar.key(scalar)
        case .alias(let name):
            guard let anchor = anchors[name] else {
                throw YAML.Failure(text: "yaml: unknown anchor '\(name)' referenced")
            }
            // A long key costs as much as a long value.
            try spend(nodes: anchor.nodes, bytes: anchor.bytes)
            if let key = YAMLScalar.key(anchor.value) { return key }
        default: break
        }
        throw YAML.Failure(text: "yaml: line \(event.line): unsupported map key")
    }

    private func spend(nodes: Int, bytes: Int) throws(YAML.Failure) {
        self.nodes += nodes
        self.bytes += bytes
        guard self.nodes <= limits.nodes, self.bytes <= limits.bytes else {
            throw YAML.Failure(text: "yaml: document contains excessive aliasing")
        }
    }

    private func next() throws(YAML.Failure) -> YAMLEvent {
        var raw = yaml_event_t()
        guard yaml_parser_parse(&parser, &raw) == 1 else {
            let problem = parser.problem.map { String(cString: $0) } ?? "cannot be read"
            throw YAML.Failure(text: "yaml: line \(errorLine): \(problem)")
        }
        defer { yaml_event_delete(&raw) }
        return YAMLEvent(raw)
    }

    /// The line of an error as the reference counts: from 1, and one less where the parser stands behind the end.
    private var errorLine: Int {
        let mark = parser.problem_mark
        let line = Int(mark.line) + 1
        return mark.column == 0 && line > 1 ? line - 1 : line
    }
}

/// One event of the parser, with what is needed of it copied out.
struct YAMLEvent {
    struct Scalar {
        var text: String
        /// Plain scalars are resolved; quoted and block ones are strings.
        var isPlain: Bool
    }

    enum Kind {
        case scalar(Scalar, anchor: String?)
        case alias(String)
        case sequenceStart(anchor: String?)
        case sequenceEnd
        case mappingStart(anchor: String?)
        case mappingEnd
        case documentStart
        case streamEnd
        case other
    }

    let kind: Kind
    /// Counted from 1.
    let line: Int

    init(_ event: yaml_event_t) {
        line = Int(event.start_mark.line) + 1
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: Int(scalar.length))
            kind = .scalar(
                Scalar(
                    text: String(decoding: bytes, as: UTF8.self),
                    isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE && !Self.isStringTag(Self.text(scalar.tag))),
                anchor: Self.text(scalar.anchor))
        case YAML_ALIAS_EVENT:
            kind = .alias(Self.text(event.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_START_EVENT:
            kind = .sequenceStart(anchor: Self.text(event.data.sequence_start.anchor))
        case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            kind = .mappingStart(anchor: Self.text(event.data.mapping_start.anchor))
        case YAML_MAPPING_END_EVENT: kind = .mappingEnd
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_STREAM_END_EVENT: kind = .streamEnd
        default: kind = .other
        }
    }

    /// `!!str` and `!` make a string of a plain scalar.
    private static func isStringTag(_ tag: String?) -> Bool { tag == "tag:yaml.org,2002:str" || tag == "!" }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}
