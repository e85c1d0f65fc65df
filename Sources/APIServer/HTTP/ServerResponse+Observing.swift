extension ServerResponse.Body {
    /// A body that is yet to be written, which does something before its first and after its last byte, also where
    /// the client leaves; nil for one that is complete.
    /// - Parameter onEnd: is told how many bytes were written.
    func observed(
        onStart: @escaping @Sendable () -> Void = {}, onEnd: @escaping @Sendable (Int) async -> Void
    ) -> Self? {
        switch self {
        case .bytes, .pieces, .parts:
            return nil
        case .stream(let write):
            return .stream { writer in try await Self.observe(write, writer, onStart, onEnd) }
        case .webSocket(let source):
            return .webSocket(
                WebSocketSource(isBinary: source.isBinary) { writer in
                    try await Self.observe(source.write, writer, onStart, onEnd)
                })
        }
    }

    private static func observe(
        _ write: @Sendable (any BodyWriter) async throws -> Void, _ writer: any BodyWriter, _ onStart: () -> Void,
        _ onEnd: (Int) async -> Void
    ) async throws {
        let counted = CountingWriter(writer)
        onStart()
        do { try await write(counted) } catch {
            await onEnd(counted.count)
            throw error
        }
        await onEnd(counted.count)
    }
}
