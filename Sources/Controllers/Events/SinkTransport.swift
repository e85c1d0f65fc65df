/// Sends requests to sinks. The network side of the delivery; the other side of this seam knows no sockets.
public protocol SinkTransport: Sendable {
    /// Sends a POST, and waits for the head of the answer.
    ///
    /// Goes to no address that sinks may not have (`SinkAddress`), and follows no redirect.
    /// - Throws: `SinkFailure`.
    func post(_ message: EventMessage, to url: String, timeout: Duration) async throws(SinkFailure) -> SinkAnswer
}

/// What a sink answered.
public struct SinkAnswer: Sendable, Hashable {
    public var status: Int
    /// What it asks for before the next request.
    public var retryAfter: Duration?

    public init(status: Int, retryAfter: Duration? = nil) {
        self.status = status
        self.retryAfter = retryAfter
    }

    /// What follows from it.
    enum Verdict: Sendable, Hashable {
        case taken
        /// The sink does not want this event, now or ever.
        case rejected
        case failed
    }

    var verdict: Verdict {
        switch status {
        case 200...299: .taken
        // A wrong address or key is put right by somebody; what is too early or too much passes.
        case 401, 403, 404, 407, 408, 425, 429: .failed
        case 400...499: .rejected
        default: .failed
        }
    }
}

/// Why there was no answer, in words for the owner of the sink.
public struct SinkFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}
