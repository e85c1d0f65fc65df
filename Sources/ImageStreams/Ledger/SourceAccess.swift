import APIMachinery
import APIServer
import ImageAPI

/// Whether a user may take images out of the streams of other namespaces (spec/image-resources.md 9.5).
struct SourceAccess: Sendable {
    let authorizer: any Authorizer

    /// Asks once for every foreign stream that a new or changed spec tag refers to.
    func failures(of stream: ImageStream, old: ImageStream?, _ context: RequestContext) async -> [FieldError] {
        let own = stream.metadata.namespace
        let foreign = stream.spec.tags.filter { tag in
            tag.from.map { !$0.namespace.isEmpty && $0.namespace != own } ?? false
        }
        if foreign.isEmpty { return [] }
        var errors: [FieldError] = []
        var answers: [TagSource: String?] = [:]
        for tag in foreign {
            guard let from = tag.from else { continue }
            if let known = old?.spec.tag(tag.name), !TagGenerations.isChanged(tag, from: known, namespace: own) {
                continue
            }
            guard var source = TagSource(from, of: stream) else {
                let field = "spec.tags[\(tag.name)].from.name"
                errors.append(.invalid(field, .string(from.name), TagSource.formText))
                continue
            }
            source.item = ""
            if answers[source] == nil {
                answers[source] = .some(await refusal(of: source, context))
            }
            if let refused = answers[source] ?? nil {
                errors.append(.forbidden("spec.tags[\(tag.name)].from", refused))
            }
        }
        return errors
    }

    /// Why the user may not pull from the stream; nil where they may.
    private func refusal(of source: TagSource, _ context: RequestContext) async -> String? {
        let subject = "\(source.namespace)/\(source.stream)"
        do {
            let decision = try await authorizer.authorize(
                context.user,
                AccessAttributes(
                    verb: "get", group: ImageStreamsGroup.name, resource: "imagestreams", subresource: "layers",
                    namespace: source.namespace, name: source.stream))
            return decision.isAllowed ? nil : "\(subject): \(goQuoted(decision.reason)) \"\""
        } catch {
            return "\(subject)- \((error as? APIError)?.message ?? "\(error)")"
        }
    }
}
