import Logging

/// Writes down every so often which blobs were used (spec/registry.md GC-3).
public struct TouchKeeper: Sendable {
    private static let interval: Duration = .seconds(30)

    private let index: RegistryIndex
    private let logger: Logger

    public init(index: RegistryIndex, logger: Logger) {
        self.index = index
        self.logger = logger
    }

    /// Works until the task is cancelled.
    public func run() async throws {
        while true {
            try await Task.sleep(for: Self.interval)
            do { try await index.flushTouches() } catch {
                logger.error("uses of blobs cannot be written down", metadata: ["error": "\(error)"])
            }
        }
    }
}
