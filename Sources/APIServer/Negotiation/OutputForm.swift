import APIMachinery
import HTTPTypes

/// The form in which a client wants its answer: a media type and perhaps another kind (spec/api-machinery.md 1.5).
public struct OutputForm: Sendable, Hashable {
    public enum MediaType: String, Sendable, CaseIterable {
        case json = "application/json"
        case yaml = "application/yaml"
        case protobuf = "application/vnd.kubernetes.protobuf"

        /// The type of a watch; nil where a stream has no such form.
        var streamed: String? {
            switch self {
            case .json: rawValue
            case .yaml: nil
            case .protobuf: ProtobufWatchFrame.mediaType
            }
        }
    }

    public enum Conversion: Sendable, Hashable {
        case none
        /// The version is `v1` or `v1beta1`.
        case table(version: String)
        case partial(version: String)
        case partialList(version: String)
    }

    public var mediaType: MediaType
    public var conversion: Conversion
    public var isPretty: Bool

    public init(mediaType: MediaType = .json, conversion: Conversion = .none, isPretty: Bool = false) {
        self.mediaType = mediaType
        self.conversion = conversion
        self.isPretty = isPretty
    }

    static let offered = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
    static let streamed = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"

    /// What an endpoint can answer with.
    struct Offer {
        var hasTable = true
        var hasProtobuf = true
        var isStream = false
        /// The route also serves watches: the router's text names the stream types.
        var listsStreams = false
    }

    /// Chooses the form of the answer.
    /// - Throws: 406 where nothing fits.
    static func negotiate(_ request: ServerRequest, _ query: QueryParameters, offer: Offer) throws(APIError)
        -> OutputForm
    {
        let header = request.header(.accept) ?? ""
        var form = OutputForm(isPretty: prefersPretty(request, query))
        guard !header.isEmpty else { return form }
        let clauses = AcceptClause.parse(header)
        try checkRouter(clauses, offer: offer)
        for clause in clauses {
            guard let mediaType = mediaType(of: clause.type), mediaType != .protobuf || offer.hasProtobuf,
                let conversion = conversion(clause, mediaType, offer: offer)
            else { continue }
            if clause.parameters["sv"].map({ $0 != "v1" }) == true { continue }
            form.mediaType = mediaType
            form.conversion = conversion
            if clause.parameters["pretty"] == "1" { form.isPretty = true }
            if offer.isStream && mediaType.streamed == nil {
                throw .notAcceptable("only the following media types are accepted: \(streamed)")
            }
            return form
        }
        throw .notAcceptable("only the following media types are accepted: \(offer.isStream ? streamed : offered)")
    }

    /// The form of an error: what the client asked for, JSON where that cannot be told. Clauses that ask for another
    /// kind do not count: an error stays a Status.
    static func forErrors(_ request: ServerRequest, _ query: QueryParameters) -> OutputForm {
        var form = OutputForm(isPretty: prefersPretty(request, query))
        for clause in AcceptClause.parse(request.header(.accept) ?? "") {
            guard clause.parameters["as"] == nil, let mediaType = mediaType(of: clause.type) else { continue }
            form.mediaType = mediaType
            if clause.parameters["pretty"] == "1" { form.isPretty = true }
            break
        }
        return form
    }

    /// The router of the reference compares types literally before anything else is looked at.
    private static func checkRouter(_ clauses: [AcceptClause], offer: Offer) throws(APIError) {
        let known = ["*/*", "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]
        guard !clauses.contains(where: { known.contains($0.type) }) else { return }
        let types = offer.listsStreams ? "\(offered), \(streamed)" : offered
        throw .notAcceptable("406: Not Acceptable\n\nAvailable representations: \(types)", routed: true)
    }

    private static func mediaType(of type: String) -> MediaType? {
        switch type {
        case "*/*", "application/*", "application/json": .json
        case "application/yaml": .yaml
        case ProtobufEnvelope.mediaType: .protobuf
        default: nil
        }
    }

    private static func conversion(_ clause: AcceptClause, _ mediaType: MediaType, offer: Offer) -> Conversion? {
        guard let kind = clause.parameters["as"] else { return Conversion.none }
        guard clause.parameters["g"] == "meta.k8s.io", let version = clause.parameters["v"],
            version == "v1" || version == "v1beta1"
        else { return nil }
        switch kind {
        case "Table": return offer.hasTable && mediaType != .protobuf ? .table(version: version) : nil
        case "PartialObjectMetadata": return .partial(version: version)
        case "PartialObjectMetadataList": return .partialList(version: version)
        default: return nil
        }
    }

    /// Indented where the query says so, or, without a word, for people's own programs (1.9).
    static func prefersPretty(_ request: ServerRequest, _ query: QueryParameters) -> Bool {
        if let value = query["pretty"], !value.isEmpty {
            return ["1", "t", "T", "true", "TRUE", "True"].contains(value)
        }
        let agent = request.header(.userAgent) ?? ""
        return agent.hasPrefix("curl") || agent.hasPrefix("Wget") || agent.hasPrefix("Mozilla/5.0")
    }
}
