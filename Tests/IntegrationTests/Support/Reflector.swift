import Foundation
import JSON

/// A mirror of a collection, kept as client-go's reflector keeps it (spec/api-machinery.md 5.8): list, watch from the
/// list's version, watch again from the last version seen when the stream ends or breaks, list again after a 410.
actor Reflector {
    enum Mode: CaseIterable {
        /// A list, then watches.
        case list
        /// A watch that begins with the state, and says where that ends.
        case watchList
    }

    /// What was seen from one list to the next, over any number of watches.
    struct Era: Sendable {
        /// The version of the list.
        var start: Int64
        var events: [Watch.Event] = []
    }

    private struct Expired: Error {}

    private var server: WeirProcess
    private let path: String
    private let mode: Mode
    /// The version the next watch begins at; empty before the first list.
    private var version = ""
    private var isSynced = false
    private var watch: Watch?

    /// The objects by name.
    private(set) var mirror: [String: JSONValue] = [:]
    private(set) var eras: [Era] = []
    /// Watches that were opened.
    private(set) var watches = 0
    /// Times the server did not know the version any more.
    private(set) var expiries = 0

    /// Everything up to this version has been seen.
    var position: Int64 { Int64(version) ?? 0 }
    var eventCount: Int { eras.reduce(0) { $0 + $1.events.count } }

    init(_ server: WeirProcess, _ path: String, mode: Mode) {
        self.server = server
        self.path = path
        self.mode = mode
    }

    /// Mirrors until its task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do {
                if !isSynced && mode == .list { try await list() }
                try await follow()
            } catch is Expired {
                expiries += 1
                isSynced = false
            } catch {
                // No connection: the same again, a little later.
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// Cuts the connection, as a network does.
    func cut() async { await watch?.cut() }

    /// Goes on at another server, as a client that has slept since a version.
    func wake(at server: WeirProcess, since version: String) {
        self.server = server
        self.version = version
    }

    // MARK: Steps

    private func list() async throws {
        // At first any state will do; after a 410 at least what was seen, or the newest where that cannot be had.
        for wanted in [version.isEmpty ? "0" : version, ""] {
            let answer = try await Self.get("\(path)?resourceVersion=\(wanted)", from: server)
            if answer.status == 410 || answer.status == 504 { continue }
            guard answer.status == 200 else { throw TestFailure("list: \(answer.status)") }
            let list = try answer.json()
            var objects: [String: JSONValue] = [:]
            for item in list["items"]?.arrayValue ?? [] { objects[item.text(at: "metadata.name") ?? ""] = item }
            begin(objects, at: list)
            return
        }
        throw Expired()
    }

    private static func get(_ path: String, from server: WeirProcess) async throws -> API.Answer {
        try await API.with(server) { api in try await api.get(path) }
    }

    private func begin(_ objects: [String: JSONValue], at position: JSONValue) {
        mirror = objects
        version = position.text(at: "metadata.resourceVersion") ?? ""
        eras.append(Era(start: position.version))
        isSynced = true
    }

    /// One watch, to its end.
    private func follow() async throws {
        var query = "watch=1&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=\(version)"
        if !isSynced { query += "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan" }
        let watch = try await Watch(server, "\(path)?\(query)")
        self.watch = watch
        watches += 1
        var count = 0
        var initial: [String: JSONValue] = [:]
        while !Task.isCancelled {
            let isLast = watch.hasEnded
            let events = watch.events(after: count)
            count += events.count
            for event in events {
                if event.type == "ERROR" {
                    throw event.object["code"] == 410 ? Expired() : TestFailure("\(event.object)")
                }
                if isSynced { take(event) } else { takeInitial(event, &initial) }
            }
            if events.isEmpty {
                if isLast { return }
                try await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    private func takeInitial(_ event: Watch.Event, _ objects: inout [String: JSONValue]) {
        guard event.type == "BOOKMARK" else {
            objects[event.name] = event.object
            return
        }
        if event.object.at("metadata.annotations")?["k8s.io/initial-events-end"] == "true" {
            begin(objects, at: event.object)
        }
    }

    private func take(_ event: Watch.Event) {
        version = String(event.version)
        switch event.type {
        case "BOOKMARK": return
        case "DELETED": mirror[event.name] = nil
        default: mirror[event.name] = event.object
        }
        eras[eras.count - 1].events.append(event)
    }
}
