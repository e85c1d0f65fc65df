import APIMachinery

/// The kinds a body may name, to tell a known kind in the wrong place from an unknown one.
public struct KindRegistry: Sendable {
    private var kinds: Set<GroupVersionKind> = []

    public init(_ kinds: some Sequence<GroupVersionKind> = []) {
        self.kinds = Set(kinds)
        for kind in Self.coreKinds {
            self.kinds.insert(GroupVersionKind(group: "", version: "v1", kind: kind))
        }
        for kind in self.kinds {
            self.kinds.insert(GroupVersionKind(group: kind.group, version: kind.version, kind: kind.kind + "List"))
        }
    }

    public func contains(_ kind: GroupVersionKind) -> Bool { kinds.contains(kind) }

    /// Why a body of kind `actual` is no `expected`, in the words of the reference's conversion.
    func mismatch(_ actual: GroupVersionKind, expected: GroupVersionKind) -> APIError {
        let reason =
            contains(actual)
            ? "converting (\(actual.version).\(actual.kind)) to (\(Self.package(of: expected.group)).\(expected.kind)): unknown conversion"
            : "no kind \(goQuoted(actual.kind)) is registered for version \(goQuoted(actual.apiVersion)) in scheme \"pkg/runtime/scheme.go:110\""
        return .badRequest(
            "\(actual.kind) in version \(goQuoted(actual.version)) cannot be handled as a \(expected.kind): \(reason)")
    }

    /// The reference's name of a group's package: the first part of the group.
    static func package(of group: String) -> String {
        group.isEmpty ? "core" : String(group.prefix { $0 != "." })
    }

    private static let coreKinds = [
        "ConfigMap", "Event", "LimitRange", "Namespace", "Pod", "ReplicationController", "ResourceQuota", "Secret",
        "Service", "ServiceAccount",
    ]
}
