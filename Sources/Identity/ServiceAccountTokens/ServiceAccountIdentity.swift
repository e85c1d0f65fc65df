import APIMachinery
import APIServer
import JSON

/// What a service-account token says, beside its times (spec/api-machinery.md 9.3).
struct ServiceAccountIdentity: Sendable, Hashable {
    var namespace: String
    var name: String
    var uid: String
    /// The secret it is bound to.
    var secret: BoundObject?

    struct BoundObject: Sendable, Hashable {
        var name: String
        var uid: String
    }

    var subject: String { "system:serviceaccount:\(namespace):\(name)" }

    /// The user with the groups that all service accounts have.
    func user(tokenID: String) -> UserInfo {
        UserInfo(
            name: subject, uid: uid, groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)"],
            extra: tokenID.isEmpty ? [:] : ["authentication.kubernetes.io/credential-id": ["JTI=\(tokenID)"]])
    }
}

extension ServiceAccountIdentity {
    /// Reads the claim `kubernetes.io`; nil where it does not fit `sub`, or binds the token to what is not kept here.
    init?(_ claims: JSONWebClaims) {
        guard let own = claims["kubernetes.io"], let namespace = own["namespace"]?.stringValue,
            let account = own["serviceaccount"], let name = account["name"]?.stringValue,
            let uid = account["uid"]?.stringValue, !uid.isEmpty, own["pod"] == nil, own["node"] == nil
        else { return nil }
        self.init(namespace: namespace, name: name, uid: uid)
        if let secret = own["secret"] {
            guard let name = secret["name"]?.stringValue, let uid = secret["uid"]?.stringValue else { return nil }
            self.secret = BoundObject(name: name, uid: uid)
        }
        guard claims.subject == subject else { return nil }
    }

    var claim: JSONValue {
        var members: [(String, JSONValue)] = [
            ("namespace", .string(namespace)), ("serviceaccount", Self.reference(name, uid)),
        ]
        if let secret { members.append(("secret", Self.reference(secret.name, secret.uid))) }
        return .object(JSONObject(members: members))
    }

    private static func reference(_ name: String, _ uid: String) -> JSONValue {
        .object(JSONObject(members: [("name", .string(name)), ("uid", .string(uid))]))
    }
}
