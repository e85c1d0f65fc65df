/// What a token may be used for, of what its user may do (spec/api-machinery.md 9.10).
public enum OAuthScope: String, Sendable, CaseIterable {
    /// Everything the user may do.
    case full = "user:full"
    /// To find out who the user is.
    case info = "user:info"
    /// To find out what the user may do.
    case checkAccess = "user:check-access"
    /// To list the user's projects.
    case listProjects = "user:list-projects"
    case listScopedProjects = "user:list-scoped-projects"

    /// The key in `UserInfo.extra` under which a token's scopes stand.
    public static let extraKey = "scopes.authorization.openshift.io"

    public init?(_ text: String) { self.init(rawValue: text) }
}
