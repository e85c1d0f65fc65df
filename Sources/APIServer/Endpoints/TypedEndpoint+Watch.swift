import APIMachinery
import HTTPTypes
import JSON

extension TypedEndpoint {
    /// Streams the changes of a collection (spec/api-machinery.md 5).
    ///
    /// - Parameter name: the object of the old path form that names one.
    func watch(_ call: APICall, name: String?) async throws -> ServerResponse {
        let form = try form(of: call, isStream: true, listsStreams: true)
        // An event is no list: the reference ends such a stream at once.
        if case .partialList = form.conversion { return Self.streaming(form) { writer in try await writer.write([]) } }
        let options = try call.options.listOptions(isWatch: true, name: name)
        guard let watchable else { throw APIError.methodNotSupported(groupResource, verb: "watch") }
        let encoder = try eventEncoder(form: form, call)
        let stream: any WatchStream<Object>
        do {
            stream = try await watchable.watch(options, call.context)
        } catch let error as APIError where error.code == 410 || error.reason == "Timeout" {
            // Clients of a watch expect these as the first event of the stream.
            return Self.streaming(form) { writer in try await writer.write(encoder.encode(error)) }
        }
        let session = WatchSession(stream: stream, options: options, encoder: encoder)
        return Self.streaming(form) { writer in try await session.run(writer) }
    }

    private func eventEncoder(form: OutputForm, _ call: APICall) throws -> WatchEventEncoder<Object> {
        let events: WatchEventEncoder<Object>.Form =
            switch form.conversion {
            case .none: .plain
            case .table(let version): .table(try tableRenderer(version: version, call))
            case .partial(let version), .partialList(let version): .partial(version: version)
            }
        return WatchEventEncoder(
            events, framing: form.mediaType == .protobuf ? .protobuf : .json,
            empty: watchable?.emptyObject ?? Object())
    }

    private static func streaming(
        _ form: OutputForm, _ body: @escaping @Sendable (any BodyWriter) async throws -> Void
    ) -> ServerResponse {
        let type = form.mediaType.streamed ?? OutputForm.MediaType.json.rawValue
        return ServerResponse(status: 200, headers: [.contentType: type], body: .stream(body))
    }
}

/// One open watch: writes events until its time is over, the client leaves, or the watcher fell behind.
struct WatchSession<Object: APIObject>: Sendable {
    let stream: any WatchStream<Object>
    let options: ListOptions
    let encoder: WatchEventEncoder<Object>
    /// How often an idle client learns the present version.
    var bookmarkInterval: Duration = .seconds(60)

    /// How long a watch lasts where the client says nothing: spread, so that not all come back at once.
    private static var defaultSeconds: Int { Int.random(in: 1800..<3600) }

    func run(_ writer: any BodyWriter) async throws {
        let clock = ContinuousClock()
        let end =
            clock.now
            + .seconds(min(options.timeoutSeconds.flatMap { $0 > 0 ? $0 : nil } ?? Self.defaultSeconds, 86_400))
        var encoder = encoder
        do {
            try await sendInitialState(writer, &encoder)
            var bookmark = clock.now + bookmarkInterval
            while !stream.isEnded {
                let deadline = options.allowWatchBookmarks ? min(bookmark, end) : end
                let events = try await stream.next(deadline: deadline)
                if !events.isEmpty { try await writer.write(encoder.encode(events)) }
                if Task.isCancelled || clock.now >= end { break }
                if options.allowWatchBookmarks && clock.now >= bookmark {
                    try await writer.write(encoder.bookmark(stream.resourceVersion, endsInitialEvents: false))
                    bookmark = clock.now + bookmarkInterval
                }
            }
        } catch let error as APIError {
            try await writer.write(encoder.encode(error))
        }
    }

    private func sendInitialState(_ writer: any BodyWriter, _ encoder: inout WatchEventEncoder<Object>) async throws {
        // The headers go out before the first event, however long that takes.
        try await writer.write([])
        let events = stream.initialEvents()
        if !events.isEmpty { try await writer.write(encoder.encode(events)) }
        if options.sendInitialEvents == true && options.allowWatchBookmarks {
            try await writer.write(encoder.bookmark(stream.resourceVersion, endsInitialEvents: true))
        }
    }
}
