/// Paths of the OAuth server (spec/api-machinery.md 9.10).
enum OAuthPath {
    static let metadata = "/.well-known/oauth-authorization-server"
    static let authorize = "/oauth/authorize"
    static let token = "/oauth/token"
    static let request = "/oauth/token/request"
    static let display = "/oauth/token/display"
    static let implicit = "/oauth/token/implicit"
}
