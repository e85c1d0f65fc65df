import APIMachinery
import APIServer
import ImageAPI
import JSON
import OCI

/// Local name resolution and execution rules, as OpenShift has them built into its API server
/// (spec/image-resources.md 20).
struct ImagePolicy: Sendable {
    /// An object that is about to be stored by a cluster.
    struct Review: Sendable {
        var kind: GroupResource
        var resource: GroupResource
        var namespace: String
        var name: String
        var isUpdate: Bool
        var object: JSONValue
        var oldObject: JSONValue?
        /// Whether the answer may change the object; otherwise it only judges it.
        var mayChange: Bool
    }

    /// One image that is to be written into the object.
    struct Rewrite: Hashable, Sendable {
        var pointer: String
        var value: JSONValue
    }

    let configuration: ImagePolicyConfiguration
    let resolver: ImageResolver
    /// The annotations of a namespace; none where it is not known.
    let namespaceAnnotations: @Sendable (_ namespace: String) async throws -> [String: String]

    /// - Returns: the changes that are to be made.
    /// - Throws: 422 for images that may not run, 403 for an object without a place for images.
    func admit(_ review: Review, _ context: RequestContext) async throws -> [Rewrite] {
        guard configuration.covers(review.resource), !isControlled(review.object) else { return [] }
        guard let images = WorkloadImages(of: review.object, resource: review.resource) else {
            throw APIError.forbidden(
                review.resource, review.name,
                "unable to apply image policy against objects of kind \(goQuoted(review.kind.resource))")
        }
        let old = review.oldObject.flatMap { WorkloadImages(of: $0, resource: review.resource) }
        guard !images.isTooLarge, old?.isTooLarge != true else {
            throw APIError.forbidden(review.resource, review.name, "more than \(WorkloadImages.maximum) images")
        }
        let entries = images.changed(since: review.isUpdate ? old : nil)
        let excluded = try await excludedRules(review.namespace)
        var decisions: [ObjectReference: Decision] = [:]
        var rewrites: [Rewrite] = []
        var failures: [FieldError] = []
        for entry in entries {
            let known = decisions[entry.reference]
            let decision: Decision
            if let known { decision = known } else { decision = await decide(entry, images, review, excluded, context) }
            decisions[entry.reference] = decision
            // One failure for each distinct image, at its first place.
            if let failure = decision.failure {
                if known == nil { failures.append(.forbidden(entry.field, failure)) }
            } else if let pullSpec = decision.pullSpec, let rewrite = entry.rewrite(to: pullSpec) {
                if review.mayChange {
                    rewrites.append(rewrite)
                } else {
                    failures.append(.forbidden(entry.field, Self.prohibited + " (changed after admission)"))
                }
            }
        }
        guard failures.isEmpty else { throw APIError.invalid(review.kind, review.name, failures) }
        return rewrites
    }

    // MARK: One image

    private struct Decision {
        /// What takes the image's place; nil for what stays.
        var pullSpec: String?
        /// Why the image may not run.
        var failure: String?
    }

    private static let prohibited = "this image is prohibited by policy"

    private func decide(
        _ entry: WorkloadImages.Entry, _ images: WorkloadImages, _ review: Review, _ excluded: Set<String>,
        _ context: RequestContext
    ) async -> Decision {
        var subject = ImageRules.Subject(resource: review.resource, excludedRules: excluded)
        var pullSpec: String?
        var problem: String?
        if configuration.resolves(review.resource) {
            do {
                let found = try await resolver.resolve(
                    entry.reference, in: review.namespace, resolvesAllNames: images.resolvesAllNames, context)
                subject.name = found.pullSpec
                subject.image = found.image
                subject.isIntegrated = found.isIntegrated
                if configuration.rewrites(review.resource, isLocal: found.isLocal, isUpdate: review.isUpdate) {
                    pullSpec = found.pullSpec.exact
                }
            } catch {
                problem = ImageResolver.text(of: error)
                if configuration.resolveImages.isRequired {
                    return Decision(failure: "\(Self.prohibited): \(problem ?? "")")
                }
            }
        }
        if subject.image == nil && pullSpec == nil && entry.reference.kind == "DockerImage" {
            subject.name = (try? ImageReference(parsing: entry.reference.name)) ?? ImageReference()
        }
        let rules = ImageRules(rules: configuration.executionRules, internalRegistry: resolver.internalRegistry)
        guard rules.accepts(subject) else {
            return Decision(failure: Self.prohibited + (problem.map { ": \($0)" } ?? ""))
        }
        return Decision(pullSpec: pullSpec)
    }

    /// Whether another object made this one, whose images were looked at already.
    private func isControlled(_ object: JSONValue) -> Bool {
        object["metadata"]?["ownerReferences"]?.arrayValue?.contains { $0["controller"]?.boolValue == true } ?? false
    }

    private func excludedRules(_ namespace: String) async throws -> Set<String> {
        guard !namespace.isEmpty, !configuration.executionRules.isEmpty,
            let names = try await namespaceAnnotations(namespace)[KnownAnnotation.ignoredPolicyRules], !names.isEmpty
        else { return [] }
        return Set(names.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
    }
}

extension WorkloadImages.Entry {
    /// What makes the object name this pull spec; nil where it does.
    func rewrite(to pullSpec: String) -> ImagePolicy.Rewrite? {
        if container != nil {
            if reference.name == pullSpec { return nil }
            return ImagePolicy.Rewrite(pointer: pointer, value: .string(pullSpec))
        }
        if reference == ObjectReference(kind: "DockerImage", name: pullSpec) { return nil }
        return ImagePolicy.Rewrite(
            pointer: pointer, value: ["kind": .string("DockerImage"), "name": .string(pullSpec)])
    }
}
