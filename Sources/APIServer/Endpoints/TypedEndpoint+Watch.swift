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
        if case .partialList = form.conversion { return streaming(call, form) { writer in try await writer.write([]) } }
        let options = try call.options.listOptions(isWatch: true, name: name)
        guard let watchable else { throw APIError.methodNotSupported(groupResource, verb: "watch") }
        let encoder = try eventEncoder(form: form, call)
        let stream: any WatchStream<Object>
        do {
            stream = try await watchable.watch(options, call.context)
        } catch let error as APIError where error.code == 410 || error.reason == "Timeout" {
            // Clients of a watch expect these as the first event of the stream.
            return streaming(call, form) { writer in try await writer.write(encoder.encode(error)) }
        }
        let session = WatchSession(
            stream, options, encoder, figures: watches, isMessagewise: call.request.wantsWebSocket)
        return streaming(call, form) { writer in try await session.run(writer) }
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
            empty: { [watchable] in watchable?.emptyObject ?? Object() })
    }

    /// An answer without end: as the body, or as the messages of a WebSocket (5.6).
    private func streaming(
        _ call: APICall, _ form: OutputForm, _ body: @escaping @Sendable (any BodyWriter) async throws -> Void
    ) -> ServerResponse {
        if call.request.wantsWebSocket {
            let isBinary = form.mediaType == .protobuf
            let source = WebSocketSource(isBinary: isBinary) { writer in
                try await body(isBinary ? UnframedWriter(writer) : writer)
            }
            return ServerResponse(status: 101, headers: call.request.webSocketAnswer, body: .webSocket(source))
        }
        let type = form.mediaType.streamed ?? OutputForm.MediaType.json.rawValue
        return ServerResponse(status: 200, headers: [.contentType: type], body: .stream(body))
    }
}
