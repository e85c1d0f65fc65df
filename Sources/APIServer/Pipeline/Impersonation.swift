import APIMachinery
import HTTPTypes

/// Acting as somebody else (spec/api-machinery.md 9.5).
///
/// Either of two rights is enough: `impersonate` on the user, on each group and so on; or, for one kind of request only,
/// `impersonate-on:user-info:<verb>` on what the request is about together with `impersonate:user-info` on the user.
struct Impersonation: Sendable {
    let authorizer: any Authorizer

    func effectiveUser(for user: UserInfo, _ request: ServerRequest, _ info: RequestInfo) async throws -> UserInfo {
        let wanted = Wanted(request)
        guard !wanted.isEmpty else { return user }
        guard !wanted.name.isEmpty else {
            throw APIError.badRequest("requested \(wanted.goText) without impersonating a user name")
        }
        guard wanted.size <= Wanted.largest else {
            throw APIError.badRequest(
                "requested to impersonate with more than \(Wanted.largest) groups and extra values")
        }
        if try await refusal(wanted.parts(verb: "impersonate", group: ""), user) != nil {
            let mode = wanted.mode
            var on = info.access
            on.verb = "impersonate-on:\(mode):\(on.verb)"
            let constrained = [on] + wanted.parts(verb: "impersonate:\(mode)", group: Wanted.group)
            if let refusal = try await refusal(constrained, user) { throw refusal }
        }
        return wanted.effective
    }

    /// Why one of the rights is missing; nil where all are there.
    private func refusal(_ rights: [AccessAttributes], _ user: UserInfo) async throws -> APIError? {
        for right in rights {
            let decision = try await authorizer.authorize(user, right)
            if !decision.isAllowed { return APIError.denied(user, right, decision) }
        }
        return nil
    }
}

extension Impersonation {
    /// What the headers of a request ask for.
    struct Wanted {
        /// Groups and values of extra a request may name: each of them is a question to the authorizer.
        static let largest = 256
        static let group = "authentication.k8s.io"

        let name: String
        let uid: String
        let groups: [String]
        let extra: [String: [String]]

        init(_ request: ServerRequest) {
            name = request.headers[values: .impersonateUser].first ?? ""
            uid = request.header(.impersonateUID) ?? ""
            groups = request.headers[values: .impersonateGroup]
            var extra: [String: [String]] = [:]
            let prefix = "impersonate-extra-"
            for field in request.headers where field.name.canonicalName.hasPrefix(prefix) {
                let key = PercentEncoding.decode(path: String(field.name.canonicalName.dropFirst(prefix.count)))
                extra[key.lowercased(), default: []].append(field.value)
            }
            self.extra = extra
        }

        var isEmpty: Bool { name.isEmpty && uid.isEmpty && groups.isEmpty && extra.isEmpty }
        var size: Int { groups.count + extra.reduce(0) { $0 + $1.value.count } }

        /// Namespace and name of a service account.
        private var account: (namespace: String, name: String)? {
            let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount", !parts[2].isEmpty,
                !parts[3].isEmpty
            else { return nil }
            return (parts[2], parts[3])
        }

        var mode: String {
            if account != nil { return "serviceaccount" }
            return name.hasPrefix("system:node:") ? "arbitrary-node" : "user-info"
        }

        /// The questions to ask, one for each thing that is taken on.
        /// - Parameter group: of users, groups and service accounts.
        func parts(verb: String, group: String) -> [AccessAttributes] {
            var parts: [AccessAttributes] = []
            func part(_ group: String, _ resource: String, _ name: String, subresource: String = "") {
                parts.append(
                    AccessAttributes(
                        verb: verb, group: group, resource: resource, subresource: subresource, name: name))
            }
            if let account {
                parts.append(
                    AccessAttributes(
                        verb: verb, group: group, resource: "serviceaccounts", namespace: account.namespace,
                        name: account.name))
            } else {
                part(group, "users", name)
            }
            for name in groups { part(group, "groups", name) }
            if !uid.isEmpty { part(Self.group, "uids", uid) }
            for (key, values) in extra.sorted(by: { $0.key < $1.key }) {
                for value in values { part(Self.group, "userextras", value, subresource: key) }
            }
            return parts
        }

        var effective: UserInfo {
            var effective = UserInfo(name: name, uid: uid, groups: groups, extra: extra)
            if let account, groups.isEmpty {
                effective.groups = ["system:serviceaccounts", "system:serviceaccounts:\(account.namespace)"]
            }
            let isAnonymous = name == UserInfo.anonymous.name || groups.contains(UserInfo.unauthenticated)
            let group = isAnonymous ? UserInfo.unauthenticated : UserInfo.authenticated
            if !effective.groups.contains(group) { effective.groups.append(group) }
            return effective
        }

        /// As Go prints the value it was read into (recorded).
        var goText: String {
            let list = groups.isEmpty ? "[]string(nil)" : "[]string{\(groups.map(goQuoted).joined(separator: ", "))}"
            let entries = extra.sorted { $0.key < $1.key }.map { key, values in
                "\(goQuoted(key)):[]string{\(values.map(goQuoted).joined(separator: ", "))}"
            }
            let map =
                entries.isEmpty ? "map[string][]string(nil)" : "map[string][]string{\(entries.joined(separator: ", "))}"
            return "&user.DefaultInfo{Name:\(goQuoted(name)), UID:\(goQuoted(uid)), Groups:\(list), Extra:\(map)}"
        }
    }
}
