import ArgumentParser
import JSON
import Server

/// `weir gc`: one run of the collector of a running server.
struct CollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Remove blobs that nothing refers to. The server must run.",
        discussion: """
            A blob goes in two steps, each after a grace period in which nobody used it: it is given up, and then \
            removed. The server does the same by itself once an hour.

            With --pause it does not any more, also after a restart, until --resume.
            """)

    @Option(help: "The data directory of the server.") var dataDir = "weir-data"
    @Flag(help: "Only say what would be done.") var dryRun = false

    @Flag(help: "Do not run by itself any more.") var pause = false
    @Flag(help: "Run by itself again.") var resume = false

    func validate() throws {
        guard [dryRun, pause, resume].count(where: { $0 }) <= 1 else {
            throw ValidationError("--dry-run, --pause and --resume exclude each other")
        }
    }

    func run() async throws {
        try await Failures.shown {
            if pause || resume {
                _ = try await AdminClient.with(dataDirectory: dataDir) { api in
                    try await api.turn(.collectionPause, on: pause)
                }
                return print(pause ? "paused" : "resumed")
            }
            let status = try await AdminClient.with(dataDirectory: dataDir) { api in
                try await api.collect(isDryRun: dryRun)
            }
            for line in Self.report(status, isDryRun: dryRun) { print(line) }
        }
    }

    /// What people are shown, a line each.
    static func report(_ status: JSONValue, isDryRun: Bool) -> [String] {
        func amount(_ key: String) -> String {
            let (blobs, bytes) = (status[key]?["blobs"]?.integerValue ?? 0, status[key]?["bytes"]?.integerValue ?? 0)
            return "\(blobs) blob\(blobs == 1 ? "" : "s"), \(size(bytes))"
        }
        func count(_ key: String) -> Int64 { status[key]?.integerValue ?? 0 }
        let would = isDryRun ? "would be " : ""
        var lines = [
            "in use: \(amount("reachable"))", "unused, too recent: \(amount("recent"))",
            "given up before, waiting: \(amount("waiting"))", "\(would)given up now: \(amount("condemned"))",
            "\(would)removed: \(amount("swept"))", "files without a record \(would)removed: \(amount("orphans"))",
            "manifests without a tag: \(count("manifests")), links: \(count("links")), uploads: \(count("uploads")), "
                + "records of repositories that are gone: \(count("deadRows"))",
        ]
        for blob in status["candidates"]?.arrayValue ?? [] {
            lines.append(
                "  \(blob["digest"]?.stringValue ?? "") \(size(blob["bytes"]?.integerValue ?? 0)) "
                    + "\(blob["state"]?.stringValue ?? ""): \(blob["message"]?.stringValue ?? "")")
        }
        if let message = status["message"]?.stringValue, !message.isEmpty { lines.append("note: \(message)") }
        return lines
    }

    private static func size(_ bytes: Int64) -> String {
        bytes < 1 << 20 ? "\(bytes) bytes" : "\(bytes / (1 << 20)) MiB"
    }
}
