import APIMachinery
import HTTPTypes

/// The form of a request body (spec/api-machinery.md 1.6).
enum InputFormat: Sendable, Hashable {
    case json
    case yaml
    case protobuf

    static let accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf"

    /// - Throws: 415 for a type that is not offered.
    init(contentType: String?) throws(APIError) {
        let type = Self.mediaType(contentType ?? "")
        switch type {
        case "", "application/json": self = .json
        case "application/yaml": self = .yaml
        case ProtobufEnvelope.mediaType: self = .protobuf
        default:
            throw .unsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types include: \(Self.accepted)")
        }
    }

    /// The text before the first `;`, without blanks.
    static func mediaType(_ header: String) -> String {
        String(header.prefix { $0 != ";" }).trimmingBlanks().lowercased()
    }
}

extension String {
    func trimmingBlanks() -> String {
        var slice = self[...]
        while let first = slice.first, first == " " || first == "\t" { slice = slice.dropFirst() }
        while let last = slice.last, last == " " || last == "\t" { slice = slice.dropLast() }
        return String(slice)
    }
}

/// The kinds of patch (spec/api-machinery.md 6.1).
enum PatchFormat: String, Sendable, CaseIterable {
    case json = "application/json-patch+json"
    case merge = "application/merge-patch+json"
    /// Comes with the complete API machinery.
    case strategicMerge = "application/strategic-merge-patch+json"
    /// Server-side apply: comes with the complete API machinery.
    case apply = "application/apply-patch+yaml"

    /// - Throws: 415 in the router's form.
    init(contentType: String?) throws(APIError) {
        let type = (contentType ?? "").prefix { $0 != ";" }
        guard let format = PatchFormat(rawValue: String(type).trimmingBlanks()) else {
            throw .unsupportedMediaType("415: Unsupported Media Type", routed: true)
        }
        self = format
    }
}
