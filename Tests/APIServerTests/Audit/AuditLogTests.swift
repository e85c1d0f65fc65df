import APIMachinery
import Foundation
import JSON
import Logging
import Testing

@testable import APIServer

@Suite("The audit log's file")
struct AuditLogTests {
    /// A folder that goes with the test.
    private final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.appending(path: "weir-audit-\(UUID().uuidString)").path
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
        var log: String { path + "/audit.log" }
        var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
        func text(_ name: String = "audit.log") -> String {
            String(decoding: FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data(), as: UTF8.self)
        }
    }

    private static func event(_ number: Int) -> AuditEvent {
        let time = MicroTime(microsecondsSince1970: 0)
        return AuditEvent(
            level: .metadata, auditID: "id-\(number)", stage: .responseComplete, requestURI: "/", verb: "get",
            received: time, time: time)
    }

    private static func log(
        _ path: String, size: Int = 0, backups: Int = 0, capacity: Int = 16 << 20, metrics: MetricsRegistry? = nil
    ) throws -> AuditLog {
        try AuditLog(
            path: path, maximumSize: size, maximumBackups: backups, capacity: capacity, metrics: metrics,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    private static func ids(_ text: String) throws -> [String] {
        try text.split(separator: "\n").map { line in
            try #require(try JSONValue.parse(String(line))["auditID"]?.stringValue)
        }
    }

    @Test("Events are appended in order, each a line, in a file for its owner alone")
    func order() async throws {
        let folder = try Folder()
        for round in 0..<2 {
            let log = try Self.log(folder.log)
            for number in 0..<500 { await log.append(Self.event(round * 500 + number)) }
            await log.flush()
        }
        #expect(try Self.ids(folder.text()) == (0..<1_000).map { "id-\($0)" })
        let mode = try FileManager.default.attributesOfItem(atPath: folder.log)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
    }

    @Test("A full file makes room for a new one; the oldest go; no line is torn or lost between them")
    func rotation() async throws {
        let folder = try Folder()
        let line = Self.event(100).line.count
        let log = try Self.log(folder.log, size: 10 * line, backups: 3)
        for number in 100..<145 { await log.append(Self.event(number)) }
        await log.flush()
        #expect(folder.names == ["audit.log", "audit.log.1", "audit.log.2", "audit.log.3"])
        let kept = try ["audit.log.3", "audit.log.2", "audit.log.1", "audit.log"].flatMap {
            try Self.ids(folder.text($0))
        }
        #expect(kept == (110..<145).map { "id-\($0)" })
        #expect(folder.text("audit.log.1").utf8.count == 10 * line)
        // The next start goes on where this one ended.
        let again = try Self.log(folder.log, size: 10 * line, backups: 3)
        await again.append(Self.event(145))
        await again.flush()
        #expect(try Self.ids(folder.text()).count == 6)
    }

    @Test("Without backups a full file is begun anew; a line longer than a file is still one line")
    func noBackups() async throws {
        let folder = try Folder()
        let log = try Self.log(folder.log, size: 10)
        for number in 0..<3 {
            await log.append(Self.event(number))
            await log.flush()
        }
        #expect(folder.names == ["audit.log"])
        #expect(try Self.ids(folder.text()) == ["id-2"])
    }

    @Test("A file that somebody moved away is whole, and the next lines are in a new one")
    func moved() async throws {
        let folder = try Folder()
        let log = try Self.log(folder.log)
        await log.append(Self.event(0))
        await log.flush()
        try FileManager.default.moveItem(atPath: folder.log, toPath: folder.path + "/kept")
        await log.append(Self.event(1))
        await log.flush()
        #expect(try Self.ids(folder.text("kept")) == ["id-0"])
        #expect(try Self.ids(folder.text()) == ["id-1"])
    }

    @Test("Many at a time with a queue that is always full: everybody waits, nothing is lost")
    func pressure() async throws {
        let folder = try Folder()
        let log = try Self.log(folder.log, capacity: 1)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<2_000 { group.addTask { await log.append(Self.event(number)) } }
        }
        await log.flush()
        #expect(Set(try Self.ids(folder.text())).count == 2_000)
    }

    @Test("A full disk loses events, which are counted, and holds nobody up")
    func fullDisk() async throws {
        let metrics = MetricsRegistry()
        let log = try Self.log("/dev/full", size: 1, backups: 1, metrics: metrics)
        for number in 0..<10 { await log.append(Self.event(number)) }
        await log.flush()
        #expect(metrics.scrape().contains(#"apiserver_audit_error_total{plugin="log"} 10"#))
    }

    @Test("A file that cannot be opened is refused at once, in words")
    func unwritable() {
        let error = #expect(throws: AuditFile.Failure.self) { try Self.log("/nowhere/at/all/audit.log") }
        #expect(error?.description == "cannot open /nowhere/at/all/audit.log: No such file or directory")
    }
}
