import APIMachinery
import APIServer
import ImageAPI

/// Stores the results of an import in its stream (spec/import-and-controllers.md A.23.6, A.25).
struct ImportRecorder {
    let tags: TagStore
    let ignoresAllowList: Bool
    let options: WriteOptions
    /// Whether a lost race may be run again: unless the client named the revision it meant.
    let mayRepeat: Bool

    /// - Returns: the stream as stored; as it was where nothing changed.
    func record(
        _ entries: [ImportRecording.Entry], in stream: ImageStream?, name: String, _ context: RequestContext
    ) async throws -> ImageStream {
        var base = stream
        for attempt in 1...TagStore.attempts {
            do {
                return try await write(entries, to: base, name: name, context)
            } catch let error as APIError {
                let isRace = ["Conflict", "AlreadyExists"].contains(error.reason)
                guard isRace, mayRepeat, attempt < TagStore.attempts else {
                    await noteLimit(error, entries, on: base, context)
                    throw error
                }
                base = try await tags.streams.object(name, namespace: context.namespace)
            }
        }
        throw APIError.conflict(context.resource, name, APIError.modifiedText)
    }

    private func write(
        _ entries: [ImportRecording.Entry], to base: ImageStream?, name: String, _ context: RequestContext
    ) async throws -> ImageStream {
        var changed = base ?? ImageStream()
        changed.metadata.name = name
        changed.metadata.namespace = context.namespace
        ImportRecording(now: context.now).apply(entries, to: &changed)
        tags.rules.defaults.apply(to: &changed)
        let isChecked = base?.metadata.annotations[KnownAnnotation.repositoryCheck]?.isEmpty == false
        if let base, isChecked, changed == base { return base }
        changed.metadata.annotations[KnownAnnotation.repositoryCheck] = context.now.description

        let strategy = ImageStreamStrategy(rules: tags.rules, writer: .server, ignoresAllowList: ignoresAllowList)
        let write = WriteOptions(isDryRun: options.isDryRun)
        if base == nil {
            return try await tags.streams.create(changed, strategy: strategy, options: write, context)
        }
        let final = changed
        return try await tags.streams.update(
            name, strategy: strategy, options: write, context, change: ObjectChange(isPatch: false) { _ in final })
    }

    /// A limit that stopped the import is noted on the tags that would have been new. Best effort: the import has
    /// failed already.
    private func noteLimit(
        _ error: APIError, _ entries: [ImportRecording.Entry], on stream: ImageStream?, _ context: RequestContext
    ) async {
        guard var noted = stream, !options.isDryRun, ["Forbidden", "Invalid"].contains(error.reason),
            error.message.lowercased().contains("exceeds the maximum limit")
        else { return }
        let condition = ImportRecording.condition(
            error.status, generation: noted.metadata.generation + 1, now: context.now)
        for entry in entries where noted.status.tag(entry.tag) == nil {
            ImportRecording.set(condition, on: entry.tag, in: &noted)
        }
        let final = noted
        do {
            _ = try await tags.streams.update(
                final.metadata.name, strategy: ImageStreamStrategy(rules: tags.rules, writer: .server),
                options: WriteOptions(), context, change: ObjectChange(isPatch: false) { _ in final })
        } catch {
            context.logger.info(
                "a limit could not be noted on its stream",
                metadata: ["stream": "\(final.metadata.namespace)/\(final.metadata.name)", "error": "\(error)"])
        }
    }
}
