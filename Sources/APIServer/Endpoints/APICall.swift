import APIMachinery
import JSON

/// One request that has found its resource.
struct APICall: Sendable {
    /// The forms of path a resource is served at (spec/api-machinery.md 1.2).
    enum Shape: Sendable, Hashable {
        case collection
        /// A namespaced resource across all namespaces.
        case allNamespaces
        case object
        /// The deprecated paths below `/watch/`.
        case watchCollection
        case watchObject
    }

    var request: ServerRequest
    var query: QueryParameters
    var shape: Shape
    /// Empty for collections.
    var name: String
    var context: RequestContext

    var options: OptionsDecoder { OptionsDecoder(query: query) }
}

/// What all endpoints share.
struct EndpointEnvironment: Sendable {
    var decoder: BodyDecoder
    /// Asked before anything is created in a namespace, also what is not stored itself.
    var namespaces: any NamespaceLookup
    /// Asked where what a request does turns out to need another permission than its verb.
    var authorizer: any Authorizer
    /// Counts what watchers are sent.
    var watches = WatchMetrics()
}

/// The verbs of one resource over HTTP, whatever its type.
protocol ResourceEndpoint: Sendable {
    var descriptor: ResourceDescriptor { get }
    /// The declared type of what requests and answers carry.
    var schema: TypeSchema { get }
    /// The declared type of lists.
    var listSchema: TypeSchema { get }
    /// GET answers with a document that is no object.
    var isDocument: Bool { get }
    /// Verbs in the order of discovery: sorted.
    var verbs: [String] { get }
    /// The methods that a form of path takes; none where the path does not exist.
    func methods(for shape: APICall.Shape) -> [String]
    func handle(_ call: APICall) async throws -> ServerResponse
}
