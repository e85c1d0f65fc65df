import APIMachinery
import ImageAPI

/// How the generations of a stream and of its spec tags move (spec/image-resources.md 9.2–9.4).
enum TagGenerations {
    /// Whether a spec tag asks for something else than before, so that it has to be resolved or imported again (9.4.1).
    ///
    /// A different `from.kind` alone is no change: the reference has it so, and clients rely on the generation staying.
    static func isChanged(_ new: TagReference, from old: TagReference, namespace: String) -> Bool {
        guard let from = new.from, !(from.kind.isEmpty && from.name.isEmpty) else { return false }
        let oldFrom = old.from
        let oldNamespace = oldFrom?.namespace.nonEmpty ?? namespace
        let newNamespace = from.namespace.nonEmpty ?? namespace
        if oldNamespace != newNamespace || (oldFrom?.name ?? "") != from.name { return true }
        if old.reference != new.reference { return true }
        if old.importPolicy.importMode != new.importPolicy.importMode { return true }
        if let before = old.generation, let after = new.generation, before != after, after == 0 { return true }
        return false
    }

    /// A new stream: generation 1 everywhere, whatever the client sent (9.2).
    static func prepareCreate(_ stream: inout ImageStream) {
        stream.metadata.generation = 1
        for index in stream.spec.tags.indices { stream.spec.tags[index].generation = 1 }
    }

    /// A changed stream (9.3, steps 2 and 5–7). Status and repository fields are the caller's.
    static func prepareUpdate(_ stream: inout ImageStream, old: ImageStream) {
        stream.metadata.generation = old.metadata.generation
        let asksForNothing = stream.spec.tags.allSatisfy { ($0.generation ?? 0) != 0 }
        if asksForNothing, old.metadata.generation != 0, stream.spec == old.spec { return }
        // Clients may ask for a new import with 0, and for nothing else.
        for index in stream.spec.tags.indices where stream.spec.tags[index].generation != 0 {
            if let tag = old.spec.tag(stream.spec.tags[index].name) {
                stream.spec.tags[index].generation = tag.generation
            }
        }
        if stream.spec != old.spec || stream.metadata.generation == 0 {
            stream.metadata.generation = old.metadata.generation + 1
        }
        for index in stream.spec.tags.indices {
            let tag = stream.spec.tags[index]
            let isNewOrChanged =
                old.spec.tag(tag.name).map { isChanged(tag, from: $0, namespace: stream.metadata.namespace) } ?? true
            if isNewOrChanged || (tag.generation ?? 0) == 0 {
                stream.spec.tags[index].generation = stream.metadata.generation
            }
        }
    }

    /// A write of `/status`: head events that came without a generation get one (9.13).
    static func prepareStatusUpdate(_ stream: inout ImageStream, old: ImageStream) {
        stream.metadata.generation = old.metadata.generation
        for index in stream.status.tags.indices {
            let entry = stream.status.tags[index]
            guard let head = entry.items.first, head.generation == 0 else { continue }
            let before = old.status.head(of: entry.tag)
            let isOld =
                before.map {
                    $0.image == head.image && $0.dockerImageReference == head.dockerImageReference && $0.generation == 0
                } ?? true
            let wanted = stream.spec.tag(entry.tag)?.generation
            stream.status.tags[index].items[0].generation =
                isOld ? stream.metadata.generation : wanted ?? stream.metadata.generation
        }
    }

    /// The generation up to which a tag has been acted on: of its newest event or its first import condition
    /// (spec/import-and-controllers.md B.1).
    static func observed(_ entry: NamedTagEventList?) -> Int64 {
        let event = entry?.items.first?.generation ?? 0
        let condition = entry?.conditions.first { $0.type == ImportCondition.type }?.generation ?? 0
        return max(0, event, condition)
    }
}

/// The condition of tags whose last import failed; without it all is well.
public enum ImportCondition {
    public static let type = "ImportSuccess"
}

extension String {
    var nonEmpty: String? { isEmpty ? nil : self }
}
