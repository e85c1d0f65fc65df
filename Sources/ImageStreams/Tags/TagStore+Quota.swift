import APIMachinery
import APIServer
import ImageAPI

extension TagStore {
    /// Runs a write that makes a stream where it is missing: that takes a place in the quotas (19.1).
    ///
    /// - Parameter subject: what the request is about.
    func charging<Made: Sendable>(
        stream: String, subject: String, options: WriteOptions, _ context: RequestContext,
        _ write: @Sendable () async throws -> Made
    ) async throws -> Made {
        guard try await streams.isTerminating(stream, namespace: context.namespace) == nil else {
            return try await write()
        }
        let claim = QuotaClaim(
            quotaNames: ImageStreamsGroup.streamQuotas, object: stream, subject: subject, isDryRun: options.isDryRun)
        return try await quota.charging(claim, context, write)
    }

    /// The same for a stream itself, also one that is there: it is refused for its name only where there is room.
    @Sendable
    func chargingStream(
        _ stream: ImageStream, _ options: WriteOptions, _ context: RequestContext,
        _ create: @Sendable () async throws -> ImageStream
    ) async throws -> ImageStream {
        let claim = QuotaClaim(
            quotaNames: ImageStreamsGroup.streamQuotas, object: stream.metadata.name,
            subject: stream.metadata.name.nonEmpty ?? stream.metadata.generateName, isDryRun: options.isDryRun)
        return try await quota.charging(claim, context, create)
    }

    /// The same for a tag that is created by its name. A name that is none matters only where streams are counted;
    /// elsewhere validation has its say first.
    func charging<Made: Sendable>(
        tag name: String, options: WriteOptions, _ context: RequestContext,
        _ write: @Sendable () async throws -> Made
    ) async throws -> Made {
        let stream: String
        do throws(APIError) {
            stream = try TagName(created: name).stream
        } catch {
            if try await quota.counts(ImageStreamsGroup.streamQuotas, in: context.namespace) { throw error }
            return try await write()
        }
        return try await charging(stream: stream, subject: name, options: options, context, write)
    }
}
