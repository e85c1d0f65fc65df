import Foundation
import JSON
import Testing

/// spec/registry.md 1.18, 3.5.4.
@Suite("Limits of the registry")
struct RegistryLimitTests {
    /// - Returns: where the upload is.
    private static func begin(_ repository: String, _ api: API) async throws -> String {
        let answer = try await api.send("POST", "/v2/\(repository)/blobs/uploads/", [])
        guard answer.status == 202, let location = answer.headers.first(name: "Location") else {
            throw TestFailure("upload: \(answer.status) \(answer.text)")
        }
        return location
    }

    private static func expectRefusal(_ repository: String, _ text: String, _ api: API) async throws {
        let answer = try await api.send("POST", "/v2/\(repository)/blobs/uploads/", [])
        #expect(answer.status == 429)
        #expect(answer.headers.first(name: "Retry-After") == "30")
        let error = try answer.json()["errors"]?.arrayValue?.first
        #expect(error?["code"] == "TOOMANYREQUESTS")
        #expect(error?["message"]?.stringValue?.contains(text) == true, "\(answer.text)")
    }

    @Test("a user and a namespace have as many uploads as they may, also after a crash; who ends one can begin another")
    func uploads() async throws {
        let scratch = try Scratch()
        let settings = ["--registry-max-uploads-per-user", "4", "--registry-max-uploads-per-namespace", "3"]
        let locations = try await {
            let server = try await WeirProcess.start(scratch.path + "/data", settings)
            return try await API.with(server) { api in
                for namespace in ["p", "q"] { try await api.createNamespace(namespace) }
                var locations: [String] = []
                for number in 0..<3 { locations.append(try await Self.begin("p/app\(number)", api)) }
                try await Self.expectRefusal("p/other", "namespace p has 3 unfinished uploads", api)
                locations.append(try await Self.begin("q/app", api))
                try await Self.expectRefusal("q/app", "you have 4 unfinished uploads", api)
                // Its bytes come with the request: that is none.
                try await api.pushBlob([1], to: "p/app")
                try await server.crash()
                return locations
            }
        }()
        try await WeirProcess.run(scratch.path + "/data", settings) { _, api in
            try await Self.expectRefusal("q/app", "you have 4 unfinished uploads", api)
            #expect(try await api.send("DELETE", locations[0]).status == 204)
            let other = try await Self.begin("q/app", api)
            #expect(try await api.send("PUT", other + "?digest=" + API.digest([7]), [7]).status == 201)
            _ = try await Self.begin("p/app", api)
            // One that ends badly ends, too.
            #expect(try await api.send("PUT", locations[3] + "?digest=" + API.digest([7]), [8]).status == 400)
            try await Self.expectRefusal("p/app", "namespace p has 3 unfinished uploads", api)
            _ = try await Self.begin("q/app", api)
            // Uploads go with their namespace, when they are collected.
            #expect(try await api.send("GET", locations[1]).status == 204)
        }
    }

    @Test("an upload that nobody has gone on with for an hour makes room for another one")
    func idle() async throws {
        let scratch = try Scratch()
        let data = scratch.path + "/data"
        let settings = ["--registry-max-uploads-per-user", "2"]
        let locations = try await WeirProcess.run(data, settings) { _, api in
            try await api.createNamespace("p")
            let locations = [try await Self.begin("p/app", api), try await Self.begin("p/app", api)]
            try await Self.expectRefusal("p/app", "you have 2 unfinished uploads", api)
            return locations
        }
        // The first one was begun two hours ago.
        let id = try #require(locations[0].split(separator: "/").last)
        let journal = URL(fileURLWithPath: data + "/registry/docker/registry/v2/_uploads/journal")
        let lines = try String(contentsOf: journal, encoding: .utf8).split(separator: "\n").map { line in
            var words = line.split(separator: " ").map(String.init)
            if words.count > 2, words[1] == id { words[2] = String((Int(words[2]) ?? 0) - 7_200) }
            return words.joined(separator: " ") + "\n"
        }
        try Data(lines.joined().utf8).write(to: journal)
        try await WeirProcess.run(data, settings) { _, api in
            _ = try await Self.begin("p/app", api)
            #expect(try await api.get(locations[0]).status == 404)
            #expect(try await api.get(locations[1]).status == 204)
            try await Self.expectRefusal("p/app", "you have 2 unfinished uploads", api)
        }
    }

    @Test("a namespace has as many manifests without a tag as it may; those that a tag needs are none")
    func untagged() async throws {
        let scratch = try Scratch()
        let settings = ["--registry-max-untagged-manifests", "3"]
        try await WeirProcess.run(scratch.path + "/data", settings) { _, api in
            for namespace in ["p", "q"] { try await api.createNamespace(namespace) }
            // An index and what it lists, twice.
            for number in 0..<2 {
                var children: [(architecture: String, digest: String, size: Int)] = []
                for architecture in ["amd64", "arm64"] {
                    let image = try await api.pushImage(
                        [UInt8(number), 9], to: "p/app", tag: nil, architecture: architecture)
                    children.append((architecture, image.digest, image.manifest.count))
                }
                try await api.pushIndex(children, to: "p/app", tag: "v\(number)")
            }
            var last = ""
            for number in 0..<3 { last = try await api.pushImage([UInt8(number)], to: "p/b\(number)", tag: nil).digest }
            let refusal = await #expect(throws: TestFailure.self) {
                try await api.pushImage([5], to: "p/app", tag: nil)
            }
            let text = refusal.map { "\($0)" } ?? ""
            #expect(text.contains("403") && text.contains("DENIED"), "\(text)")
            #expect(text.contains("namespace p has 3 manifests without a tag"), "\(text)")
            // What is there, what gets a tag, and other namespaces do not mind.
            try await api.pushImage([2], to: "p/b2", tag: nil)
            try await api.pushImage([5], to: "p/app", tag: "v5")
            try await api.pushImage([5], to: "q/app", tag: nil)
            #expect(try await api.send("DELETE", "/v2/p/b2/manifests/\(last)").status == 202)
            try await eventually("there is room again") {
                do { try await api.pushImage([6], to: "p/app", tag: nil) } catch is TestFailure { return false }
                return true
            }
        }
        try await WeirProcess.run(scratch.path + "/data", settings) { _, api in
            let refusal = await #expect(throws: TestFailure.self) {
                try await api.pushImage([7], to: "p/app", tag: nil)
            }
            #expect(refusal.map { "\($0)" }?.contains("DENIED") == true)
        }
    }
}
