import APIServer
import Foundation

/// Figures of the server beside its requests: what it is, what it takes.
enum ServerMetrics {
    /// A registry with all of them.
    /// - Parameter storePath: the directory of the database.
    static func registry(version: String, storePath: String) -> MetricsRegistry {
        let registry = MetricsRegistry()
        registry.register { text in
            text.begin("weir_build_info", .gauge, help: "1, labelled with the version of the server.")
            text.sample([("version", version)], 1)
        }
        registry.register(ProcessMetrics())
        registry.register { text in
            text.begin(
                "apiserver_storage_db_total_size_in_bytes", .gauge,
                help: "Bytes of the database on disk, with its write-ahead log.")
            text.sample([("endpoint", "store")], size(of: storePath))
        }
        return registry
    }

    /// Adds the count of connections that ended before their TLS handshake.
    /// - Returns: what counts one.
    static func handshakeFailures(_ registry: MetricsRegistry) -> @Sendable () -> Void {
        let counter = registry.counters(
            "apiserver_tls_handshake_errors_total", help: "Connections that ended before their TLS handshake."
        ).counter()
        return { counter.add() }
    }

    private static func size(of directory: String) -> Int {
        let manager = FileManager.default
        let names = (try? manager.contentsOfDirectory(atPath: directory)) ?? []
        return names.reduce(0) { sum, name in
            let attributes = try? manager.attributesOfItem(atPath: "\(directory)/\(name)")
            return sum + ((attributes?[.size] as? NSNumber)?.intValue ?? 0)
        }
    }
}
