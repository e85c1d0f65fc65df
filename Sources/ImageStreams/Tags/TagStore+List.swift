import APIMachinery
import APIServer
import ImageAPI

extension TagStore {
    /// A list of tags (spec/image-resources.md 3.5): of the streams that the same options select, each tag once more by
    /// itself.
    ///
    /// A whole list has no metadata, as the reference has it. A page holds as many tags as the limit says, of one state of
    /// all streams, and ends anywhere in a stream.
    /// - Parameter tags: the tags of one stream, always in the same order.
    func list<Tag: APIObject>(
        _ options: ListOptions, _ context: RequestContext, tags: (ImageStream) -> [Tag]
    ) async throws -> OutputList<Tag> {
        do { try options.fieldSelector.validate(known: ["metadata.name", "metadata.namespace"]) } catch {
            throw APIError.badRequest(error.text)
        }
        var (options, skipped) = try Self.resume(options)
        let limit = options.limit
        var list = OutputList<Tag>(items: [])
        while true {
            let page = try await streams.listObjects(options, namespace: context.namespace)
            for stream in page.objects {
                let own = tags(presented(stream)).filter { Self.matches($0.metadata, options) }
                for (index, tag) in own.enumerated().dropFirst(skipped) {
                    if limit > 0 && list.items.count == limit {
                        list.metadata.resourceVersion = page.metadata.resourceVersion
                        list.metadata.continue = Self.token(page.metadata, stream, tags: index, context)
                        return list
                    }
                    list.items.append(Output(tag))
                }
                skipped = 0
            }
            if page.metadata.continue.isEmpty { return list }
            options.continueToken = page.metadata.continue
            options.resourceVersion = ""
            options.resourceVersionMatch = nil
            // Streams without tags come along for nothing: ever more of them at a time.
            options.limit = min(2 * options.limit, 1_000)
        }
    }

    private static func matches(_ metadata: ObjectMeta, _ options: ListOptions) -> Bool {
        options.labelSelector.matches(metadata.labels)
            && options.fieldSelector.matches { $0 == "metadata.name" ? metadata.name : metadata.namespace }
    }

    // MARK: Tokens

    /// Stands in tokens between the stream that a page ended in and the number of its tags that have been shown. No name
    /// of a stream has it.
    private static let mark: Unicode.Scalar = "\u{1}"

    private static func token(
        _ page: ListMeta, _ stream: ImageStream, tags: Int, _ context: RequestContext
    ) -> String {
        let metadata = stream.metadata
        let key = context.namespace.isEmpty ? "\(metadata.namespace)/\(metadata.name)" : metadata.name
        return ContinueToken(revision: Int64(page.resourceVersion) ?? -1, start: "\(key)\(mark)\(tags)").encoded
    }

    /// The options for the streams of a page, and how many tags of the first one have been shown.
    private static func resume(_ options: ListOptions) throws -> (ListOptions, skipped: Int) {
        guard !options.continueToken.isEmpty else { return (options, 0) }
        let token: ContinueToken
        do { token = try ContinueToken(decoding: options.continueToken) } catch {
            throw APIError.badRequest(error.text)
        }
        let parts = token.start.parts(at: mark)
        guard parts.count == 2, let skipped = Int(parts[1]), skipped >= 0 else { return (options, 0) }
        var options = options
        options.continueToken = ContinueToken(revision: token.revision, start: parts[0]).encoded
        return (options, skipped)
    }
}
