import APIMachinery
import APIServer

/// What the pipeline does to virtual objects, as the object store does it to stored ones (3.3).
enum VirtualObjects {
    /// Fills in what the server owns of a new object.
    /// - Throws: 400 for another namespace than the request's, 500 where a name should be generated.
    static func fill(_ metadata: inout ObjectMeta, _ context: RequestContext) throws(APIError) {
        try checkNamespace(metadata, context)
        SystemMetadata.fill(&metadata, namespace: context.namespace, context)
        if metadata.name.isEmpty, !metadata.generateName.isEmpty {
            throw .internalError("metadata.name was not generated")
        }
    }

    static func checkNamespace(_ metadata: ObjectMeta, _ context: RequestContext) throws(APIError) {
        guard metadata.namespace.isEmpty || metadata.namespace == context.namespace else {
            throw .badRequest(
                "the namespace of the provided object does not match the namespace sent on the request")
        }
    }

    /// Restores what an update may not change, before validation.
    static func restore(_ metadata: inout ObjectMeta, old: ObjectMeta) {
        metadata.generation = old.generation
        if metadata.uid.isEmpty { metadata.uid = old.uid }
        if !old.creationTimestamp.isZero { metadata.creationTimestamp = old.creationTimestamp }
        metadata.selfLink = old.selfLink
        if metadata.deletionTimestamp == nil { metadata.deletionTimestamp = old.deletionTimestamp }
        if metadata.deletionGracePeriodSeconds == nil {
            metadata.deletionGracePeriodSeconds = old.deletionGracePeriodSeconds
        }
    }
}
