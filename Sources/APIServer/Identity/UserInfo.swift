/// Who makes a request, as authentication found out (spec/api-machinery.md 9).
public struct UserInfo: Sendable, Hashable {
    public var name: String
    public var uid: String
    public var groups: [String]
    public var extra: [String: [String]]

    public init(name: String, uid: String = "", groups: [String] = [], extra: [String: [String]] = [:]) {
        self.name = name
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }

    /// Members of this group may do everything, always.
    public static let masters = "system:masters"
    public static let authenticated = "system:authenticated"
    public static let unauthenticated = "system:unauthenticated"

    public static let anonymous = UserInfo(name: "system:anonymous", groups: [unauthenticated])

    /// The server itself, for work that nobody asked for by a request.
    public static let system = UserInfo(name: "system:weir", groups: [masters, authenticated])
}
