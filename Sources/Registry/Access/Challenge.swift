import APIServer
import HTTPTypes

/// What a client is asked for that has not said who it is (spec/registry.md I-2; RFC 9110, 11.6.1).
struct Challenge: Sendable {
    /// `scheme://host[:port]` where clients get tokens; the path is fixed. Nil for where they ask.
    var realm: String?
    var address = PublicAddress()

    /// Asks for a token.
    /// - Parameter records: what it must be good for.
    func bearer(_ request: ServerRequest, _ records: [AccessRecord]) -> String {
        let base = realm ?? address.base(of: request)
        var text = "Bearer realm=\"\(base)\(RegistryRoute.tokenPath)\",service=\"\(address.host(of: request))\""
        let scope = Self.scope(records)
        if !scope.isEmpty { text += ",scope=\"\(scope)\"" }
        return text
    }

    /// Asks for a user and a password, because those that came are no good.
    static func basic(_ reason: String) -> String { "Basic realm=\"openshift\",error=\"\(reason)\"" }

    /// All actions of a repository in one scope, so that one token is enough.
    static func scope(_ records: [AccessRecord]) -> String {
        var order: [String] = []
        var actions: [String: [String]] = [:]
        for scope in records.compactMap(\.scope) {
            if actions[scope.resource] == nil { order.append(scope.resource) }
            actions[scope.resource, default: []].append(scope.action)
        }
        return order.map { "\($0):\((actions[$0] ?? []).joined(separator: ","))" }.joined(separator: " ")
    }
}
