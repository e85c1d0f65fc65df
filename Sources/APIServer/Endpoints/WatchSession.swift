import APIMachinery
import JSON

/// One open watch: writes events until its time is over, the client leaves, or the watcher fell behind.
struct WatchSession<Object: APIObject>: Sendable {
    let stream: any WatchStream<Object>
    let options: ListOptions
    let encoder: WatchEventEncoder<Object>
    /// How often an idle client learns the present version.
    var bookmarkInterval: Duration = .seconds(60)
    /// Every event is a write of its own.
    var isMessagewise = false

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
                try await send(events, writer, &encoder)
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
        try await send(stream.initialEvents(), writer, &encoder)
        if options.sendInitialEvents == true && options.allowWatchBookmarks {
            try await writer.write(encoder.bookmark(stream.resourceVersion, endsInitialEvents: true))
        }
    }

    private func send(
        _ events: [WatchEvent<Object>], _ writer: any BodyWriter, _ encoder: inout WatchEventEncoder<Object>
    ) async throws {
        if events.isEmpty { return }
        guard isMessagewise else {
            try await writer.write(encoder.encode(events))
            return
        }
        for event in events { try await writer.write(encoder.encode([event])) }
    }
}
