import APIMachinery
import Foundation
import ServiceLifecycle

/// The time of the server, in whole seconds.
enum Clock {
    static func now() -> Timestamp {
        Timestamp(secondsSince1970: Int64(Date().timeIntervalSince1970))
    }

    /// Since 1970.
    static func milliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}

/// Work beside the requests: it is cancelled when the server shuts down.
///
/// The service lasts until then even where its work is done before: one that ends while others are being stopped would
/// be taken for a failure of the whole group.
struct BackgroundService: Service {
    private let work: @Sendable () async throws -> Void

    init(_ work: @escaping @Sendable () async throws -> Void) { self.work = work }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await work() }
        } catch is CancellationError {
            // Shutdown may come at any moment, also just when the work is done.
        }
        try? await gracefulShutdown()
    }
}
