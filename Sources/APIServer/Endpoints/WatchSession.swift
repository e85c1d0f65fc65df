import APIMachinery
import JSON
import Synchronization

/// One open watch: writes events until its time is over, the client leaves, or the watcher fell behind.
///
/// A class because each function on the way to the wait would keep a copy of its own, for each of thousands of watches.
/// What those functions need besides is in others that are not inlined into them, for the same reason.
final class WatchSession<Object: APIObject>: Sendable {
    private let stream: any WatchStream<Object>
    private let figures: WatchMetrics.Cell?
    private let encoder: Mutex<WatchEventEncoder<Object>>
    private let seconds: Int
    private let sendsBookmarks: Bool
    private let marksInitialState: Bool
    /// How often an idle client learns the present version.
    private let bookmarkInterval: Duration
    /// Every event is a write of its own.
    private let isMessagewise: Bool

    /// - Parameter figures: counts what the watch sends.
    init(
        _ stream: any WatchStream<Object>, _ options: ListOptions, _ encoder: WatchEventEncoder<Object>,
        figures: WatchMetrics.Cell? = nil, bookmarkInterval: Duration = .seconds(60), isMessagewise: Bool = false
    ) {
        self.stream = stream
        self.figures = figures
        self.encoder = Mutex(encoder)
        seconds = min(options.timeoutSeconds.flatMap { $0 > 0 ? $0 : nil } ?? Self.defaultSeconds, 86_400)
        sendsBookmarks = options.allowWatchBookmarks
        marksInitialState = options.allowWatchBookmarks && options.sendInitialEvents == true
        self.bookmarkInterval = bookmarkInterval
        self.isMessagewise = isMessagewise
    }

    /// How long a watch lasts where the client says nothing: spread, so that not all come back at once.
    private static var defaultSeconds: Int { Int.random(in: 1800..<3600) }

    func run(_ writer: any BodyWriter) async throws {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        do {
            try await sendInitialState(writer)
            var bookmark = clock.now + bookmarkInterval
            while !stream.isEnded {
                let deadline = sendsBookmarks ? min(bookmark, end) : end
                let events = try await stream.next(deadline: deadline)
                figures?.count(events, isInitial: false)
                try await send(events, writer)
                if Task.isCancelled || clock.now >= end { break }
                if sendsBookmarks && clock.now >= bookmark {
                    try await sendBookmark(writer)
                    bookmark = clock.now + bookmarkInterval
                }
            }
        } catch {
            guard let event = lastEvent(error) else { throw error }
            try await writer.write(event)
        }
    }

    /// The event that tells the client why its watch ends; nil where there is no client any more.
    @inline(never)
    private func lastEvent(_ error: any Error) -> [UInt8]? {
        guard let error = error as? APIError else { return nil }
        if error.code == 410 { figures?.countTerminated() }
        return encoder.withLock { $0.encode(error) }
    }

    private func sendInitialState(_ writer: any BodyWriter) async throws {
        // The headers go out before the first event, however long that takes.
        try await writer.write([])
        while true {
            let events = try await stream.initialEvents()
            if events.isEmpty { break }
            figures?.count(events, isInitial: true)
            try await send(events, writer)
        }
        if marksInitialState {
            try await sendBookmark(writer, endsInitialEvents: true)
        }
    }

    private func sendBookmark(_ writer: any BodyWriter, endsInitialEvents: Bool = false) async throws {
        let version = stream.resourceVersion
        try await writer.write(
            encoder.withLock { encoder throws in
                try encoder.bookmark(version, endsInitialEvents: endsInitialEvents)
            })
    }

    private func send(_ events: [WatchEvent<Object>], _ writer: any BodyWriter) async throws {
        if events.isEmpty { return }
        guard isMessagewise else {
            try await writer.write(encoded(events))
            return
        }
        for event in events { try await writer.write(encoded([event])) }
    }

    private func encoded(_ events: [WatchEvent<Object>]) throws -> [UInt8] {
        try encoder.withLock { encoder throws in try encoder.encode(events) }
    }
}
