import APIServer

extension AuthenticatedUser {
    /// A user as reviews show it.
    init(_ user: UserInfo) {
        self.init(username: user.name, uid: user.uid, groups: user.groups, extra: user.extra)
    }
}
