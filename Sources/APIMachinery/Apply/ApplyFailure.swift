/// Why a configuration was not applied (spec/api-machinery.md 6.7, 6.12).
public enum ApplyFailure: Error, Sendable, Hashable {
    /// The request is wrong in itself: 400 with this text.
    case badRequest(String)
    /// The configuration, or the object it is applied to, does not fit the type: 500 with this text and no reason, as
    /// clients know it.
    case unfit(String)
    /// Other managers own what the configuration changes: 409.
    case conflicts([FieldConflict])
}

/// A field that another manager set to another value.
public struct FieldConflict: Sendable, Hashable {
    /// The manager as texts name it: `"m" with subresource "status" using image.openshift.io/v1`.
    public let manager: String
    public let path: FieldPath

    public init(manager: String, path: FieldPath) {
        self.manager = manager
        self.path = path
    }
}

extension ApplyFailure {
    /// The answer to the client.
    public var apiError: APIError {
        switch self {
        case .badRequest(let message): .badRequest(message)
        case .unfit(let message): .plain(message)
        case .conflicts(let conflicts): .applyConflict(conflicts)
        }
    }
}

extension APIError {
    /// 409 with a cause for each conflict.
    ///
    /// - Parameter conflicts: by manager.
    static func applyConflict(_ conflicts: [FieldConflict]) -> APIError {
        let causes = conflicts.map { conflict in
            StatusCause(
                reason: "FieldManagerConflict", message: "conflict with \(conflict.manager)",
                field: conflict.path.description)
        }
        return APIError(
            Status(
                status: "Failure", message: conflictText(conflicts), reason: "Conflict",
                details: StatusDetails(causes: causes), code: 409))
    }

    private static func conflictText(_ conflicts: [FieldConflict]) -> String {
        if conflicts.count == 1, let conflict = conflicts.first {
            return "Apply failed with 1 conflict: conflict with \(conflict.manager): \(conflict.path)"
        }
        var lines: [String] = []
        var manager: String?
        for conflict in conflicts {
            if conflict.manager != manager {
                manager = conflict.manager
                lines.append("conflicts with \(conflict.manager):")
            }
            lines.append("- \(conflict.path)")
        }
        return "Apply failed with \(conflicts.count) conflicts: \(lines.joined(separator: "\n"))"
    }
}
