import APIMachinery

/// Options of list, watch and deletecollection, as decoded and validated (spec/api-machinery.md 4 and 5).
public struct ListOptions: Sendable {
    public enum Match: String, Sendable {
        case exact = "Exact"
        case notOlderThan = "NotOlderThan"
    }
    public var labelSelector: LabelSelector
    public var fieldSelector: FieldSelector
    /// 0 means without limit.
    public var limit: Int
    public var continueToken: String
    public var resourceVersion: String
    public var resourceVersionMatch: Match?
    public var timeoutSeconds: Int?
    public var allowWatchBookmarks: Bool
    public var sendInitialEvents: Bool?

    public init(
        labelSelector: LabelSelector = LabelSelector(), fieldSelector: FieldSelector = FieldSelector(), limit: Int = 0,
        continueToken: String = "", resourceVersion: String = "", resourceVersionMatch: Match? = nil,
        timeoutSeconds: Int? = nil, allowWatchBookmarks: Bool = false, sendInitialEvents: Bool? = nil
    ) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.limit = limit
        self.continueToken = continueToken
        self.resourceVersion = resourceVersion
        self.resourceVersionMatch = resourceVersionMatch
        self.timeoutSeconds = timeoutSeconds
        self.allowWatchBookmarks = allowWatchBookmarks
        self.sendInitialEvents = sendInitialEvents
    }
}
