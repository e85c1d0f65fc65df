import APIMachinery
import APIServer
import ImageAPI
import Store

/// The one way spec tags and `status.tags` change (design, section 1.1).
///
/// Every strategy of image streams prepares its object and then hands it to `settle`, which answers spec tags from
/// other streams, passes events on to the tags that follow, and runs the admission chain. `record` gives the rows that
/// are written in the same transaction as the stream: history, reference index, outbox.
public struct TagLedger: Sendable {
    let internalRegistry: String
    /// Loads a stream with the server's own rights; nil where there is none.
    let stream: @Sendable (_ namespace: String, _ name: String) async throws -> ImageStream?
    let access: SourceAccess
    let limits: any ImageStreamLimits
    let admission: [any TagAdmission]

    init(
        internalRegistry: String, authorizer: any Authorizer, limits: any ImageStreamLimits,
        admission: [any TagAdmission], stream: @escaping @Sendable (String, String) async throws -> ImageStream?
    ) {
        self.internalRegistry = internalRegistry
        self.stream = stream
        access = SourceAccess(authorizer: authorizer)
        self.limits = limits
        self.admission = admission
    }

    /// Completes the status of a stream whose generations have been prepared.
    ///
    /// - Returns: the failures as validation reports them: those of sources and access wrapped into one
    ///   (spec/image-resources.md 9.10.1), likewise those of limits.
    /// - Throws: `APIError` of the admission chain.
    func settle(_ new: inout ImageStream, old: ImageStream?, _ context: RequestContext) async throws -> [FieldError] {
        let resolution = TagResolution(internalRegistry: internalRegistry, now: context.now, stream: stream)
        // Refused sources are resolved all the same: clients know both failures of one tag.
        var failures = await access.failures(of: new, old: old, context)
        failures += await resolution.resolve(&new, old: old)
        if !failures.isEmpty {
            let bare = GroupResource(group: "", resource: "imagestreams")
            return [.internal("[]", APIError.invalid(bare, new.metadata.name, failures).message)]
        }
        TagTracking.propagateAll(in: &new, old: old)
        failures += HistoryLimit.apply(to: &new)
        if !failures.isEmpty { return failures }
        let violations = try await limits.violations(of: new, old: old)
        if !violations.isEmpty {
            return [.internal("[]", Self.limitText(violations, stream: new.metadata.name))]
        }
        try await admit(new, old: old, context)
        return []
    }

    /// The checks of a write that brings its status along: `/status` and pushes (9.13).
    func check(_ new: inout ImageStream, old: ImageStream, _ context: RequestContext) async throws -> [FieldError] {
        let failures = HistoryLimit.apply(to: &new)
        if !failures.isEmpty { return failures }
        let violations = try await limits.violations(of: new, old: old)
        if !violations.isEmpty {
            return [.forbidden("imageStream", Self.limitText(violations, stream: new.metadata.name))]
        }
        try await admit(new, old: old, context)
        return []
    }

    private func admit(_ new: ImageStream, old: ImageStream?, _ context: RequestContext) async throws {
        guard !admission.isEmpty else { return }
        let request = TagAdmissionRequest(
            old: old, new: new, changes: TagChange.between(old, new), context: context)
        for member in admission { try await member.admit(request) }
    }

    private static func limitText(_ violations: [String], stream: String) -> String {
        let text = violations.count == 1 ? violations[0] : "[\(violations.joined(separator: ", "))]"
        let kind = GroupResource(group: ImageStreamsGroup.name, resource: "ImageStream")
        return APIError.forbidden(kind, stream, text).message
    }

    /// The further rows of one write of a stream.
    @Sendable
    static func record(_ write: ObjectWrite<ImageStream>) throws -> [Mutation] {
        LedgerRows(write: write, ids: .shared).mutations()
    }
}
