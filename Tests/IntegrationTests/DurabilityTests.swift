import Foundation
import RegistryTesting
import Synchronization
import Testing

@Suite("Acknowledged is durable", .serialized)
struct DurabilityTests {
    /// Names whose creation was answered with 201.
    private final class Acknowledged: Sendable {
        private let names = Mutex<Set<String>>([])
        var all: Set<String> { names.withLock { $0 } }
        func add(_ name: String) { _ = names.withLock { $0.insert(name) } }
    }

    /// Creates streams from `tasks` tasks until the server is gone.
    private static func load(_ api: API, round: Int, tasks: Int, _ acknowledged: Acknowledged) async {
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    for index in 0... {
                        let name = "r\(round)-t\(task)-n\(index)"
                        guard let answer = try? await api.createStream(name, in: "p", payload: 2_000) else { return }
                        if answer.status == 201 { acknowledged.add(name) }
                    }
                }
            }
        }
    }

    @Test("the end of an upload can be asked for again after a crash, and by many at once")
    func uploads() async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/data"
        let blob = [UInt8]("a layer".utf8)
        func begin(_ api: API) async throws -> String {
            let answer = try await api.send("POST", "/v2/p/app/blobs/uploads/", [])
            return try #require(answer.headers.first(name: "Location"))
        }
        func end(_ place: String, _ bytes: [UInt8], _ api: API) async throws -> Int {
            try await api.send("PUT", "\(place)?digest=\(API.digest(bytes))", bytes).status
        }
        let server = try await WeirProcess.start(directory)
        let place = try await API.with(server) { api in
            try await api.createNamespace("p")
            let place = try await begin(api)
            #expect(try await end(place, blob, api) == 201)
            try await server.crash()
            return place
        }
        try await WeirProcess.run(directory) { _, api in
            #expect(try await end(place, blob, api) == 201)
            #expect(try await end(place, [1], api) == 404)
            for number in 0..<5 {
                let (place, bytes) = (try await begin(api), [UInt8(number)])
                #expect(try await api.send("PATCH", place, bytes, type: "application/octet-stream").status == 202)
                let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            try await api.send("PUT", "\(place)?digest=\(API.digest(bytes))", []).status
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                // Who waits for too long is told so, on a machine that is slow enough.
                #expect(answers.contains(201) && answers.allSatisfy { [201, 409].contains($0) }, "\(answers)")
                #expect(try await end(place, [9], api) == 404)
            }
        }
    }

    @Test("kill -9 under a load of creates loses no acknowledged object", .timeLimit(.minutes(2)))
    func crash() async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/data"
        let acknowledged = Acknowledged()
        try await WeirProcess.run(directory) { _, api in try await api.createNamespace("p") }
        for round in 0..<4 {
            let server = try await WeirProcess.start(directory)
            try await API.with(server) { api in
                #expect(try await Set(api.get(API.streams("p")).names()).isSuperset(of: acknowledged.all))
                let before = acknowledged.all.count
                async let load: Void = Self.load(api, round: round, tasks: 16, acknowledged)
                try await eventually("creates are acknowledged") { acknowledged.all.count >= before + 50 + 30 * round }
                try await server.crash()
                await load
            }
        }
        try await WeirProcess.run(directory) { _, api in
            let there = try await api.get(API.streams("p"))
            #expect(Set(try there.names()).isSuperset(of: acknowledged.all))
            for item in try there.json()["items"]?.arrayValue ?? [] {
                #expect(item["metadata"]?["annotations"]?["x"]?.stringValue?.utf8.count == 2_000)
            }
            // And it goes on where it was: a version above all others.
            let next = try await api.createStream("next", in: "p").json()
            let version = try #require(next["metadata"]?["resourceVersion"]?.stringValue.flatMap { Int64($0) })
            let list = try #require(there.json()["metadata"]?["resourceVersion"]?.stringValue.flatMap { Int64($0) })
            #expect(version > list)
        }
    }

    @Test("A full disk gets a clear 500, damages nothing, and writing works again when there is space")
    func fullDisk() async throws {
        let scratch = try Scratch()
        let disk = scratch.path + "/disk"
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        let mounted = try await run("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk])
        guard mounted.exit == 0 else {
            print("NOT RUN: a full disk, because mounting is not permitted here: \(mounted.errors)")
            return
        }
        let outcome = await Result.of { try await Self.fillAndFree(disk) }
        _ = try await run("umount", ["-l", disk])
        try outcome.get()
    }

    private static func fillAndFree(_ disk: String) async throws {
        let filler = disk + "/filler"
        let acknowledged = Acknowledged()
        try await WeirProcess.run(disk + "/data") { server, api in
            try await api.createNamespace("p")
            #expect(try await api.createStream("before", in: "p").status == 201)
            for round in 0..<2 {
                // Somebody else takes all the space; dd ends with an error because there is no more.
                _ = try await run("dd", ["if=/dev/zero", "of=\(filler)", "bs=64k"])
                var refusal: API.Answer?
                for index in 0..<400 where refusal == nil {
                    let name = "r\(round)-\(index)"
                    let answer = try await api.createStream(name, in: "p", payload: 100_000)
                    if answer.status == 201 { acknowledged.add(name) } else { refusal = answer }
                }
                let answer = try #require(refusal, "the disk never was full")
                #expect(answer.status == 500)
                #expect(answer.message.contains("no space left"), "\(answer.message)")
                // Reading goes on, and what was refused is not there.
                #expect(try await api.get("/readyz").status == 200)
                let names = Set(try await api.get(API.streams("p")).names())
                #expect(names == acknowledged.all.union(["before"]))
                try FileManager.default.removeItem(atPath: filler)
                #expect(try await api.createStream("after\(round)", in: "p").status == 201)
                acknowledged.add("after\(round)")
            }
            #expect(server.child.isRunning)
        }
        try await WeirProcess.run(disk + "/data") { _, api in
            let names = try await api.get(API.streams("p")).names()
            #expect(Set(names) == acknowledged.all.union(["before"]))
        }
    }
}
