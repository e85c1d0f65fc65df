/// The programs that people log in with. There are these three, and no others (spec/clients.md 2.2, 2.3).
enum OAuthClient: String, Sendable, CaseIterable {
    /// `oc login -u`: is asked for a password by HTTP and answers by itself.
    case challenging = "openshift-challenging-client"
    /// `oc login --web`: a program on the user's machine that a browser gives the code to.
    case cli = "openshift-cli-client"
    /// The server's own pages that show a token.
    case browser = "openshift-browser-client"

    /// Codes of public clients that others could catch are worth nothing without the verifier.
    var requiresChallenge: Bool { self == .cli }

    /// Answers may carry the token itself; old `oc`, and scripts with curl.
    var mayUseImplicitFlow: Bool { self == .challenging }

    /// Where the answer goes if the request does not say; nil where it must.
    func standardRedirect(issuer: String) -> String? {
        switch self {
        case .challenging: issuer + OAuthPath.implicit
        case .browser: issuer + OAuthPath.display
        case .cli: nil
        }
    }

    /// Whether answers may go to an address.
    func permits(redirect: String, issuer: String) -> Bool {
        switch self {
        case .challenging, .browser: redirect == standardRedirect(issuer: issuer)
        case .cli: Self.isLoopbackCallback(redirect)
        }
    }

    /// `http://127.0.0.1:PORT/callback` or `http://[::1]:PORT/callback`, any port (RFC 8252, 7.3). Names are not taken:
    /// `localhost` may be resolved to elsewhere.
    private static func isLoopbackCallback(_ url: String) -> Bool {
        for origin in ["http://127.0.0.1", "http://[::1]"] where url.hasPrefix(origin) {
            let rest = url.dropFirst(origin.count)
            guard let slash = rest.firstIndex(of: "/"), rest[slash...] == "/callback" else { return false }
            let port = rest[..<slash]
            if port.isEmpty { return true }
            let digits = port.dropFirst()
            return port.first == ":" && digits.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
                && (UInt16(digits) ?? 0) > 0
        }
        return false
    }
}
