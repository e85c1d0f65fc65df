import Foundation
import JSON
import OCI
import RegistryTesting
import Synchronization
import Testing

@Suite("weir import")
struct ImportCommandTests {
    private static func stream(_ name: String, _ api: API) async throws -> JSONValue {
        try await api.get(API.streams("demo") + "/" + name).json()
    }

    private static func specTag(_ name: String, of stream: JSONValue) -> JSONValue? {
        stream["spec"]?["tags"]?.arrayValue?.first { $0["name"]?.stringValue == name }
    }

    /// The newest image of every tag.
    private static func images(_ stream: JSONValue) -> [String: String] {
        var images: [String: String] = [:]
        for tag in stream["status"]?["tags"]?.arrayValue ?? [] {
            images[tag["tag"]?.stringValue ?? ""] = tag["items"]?.arrayValue?.first?["image"]?.stringValue
        }
        return images
    }

    /// The columns of what was printed.
    private static func rows(_ output: String) -> [[String]] {
        output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }

    private static func run(
        _ body: (FakeRegistry, API, _ weirImport: ([String]) async throws -> ProgramResult) async throws -> Void
    ) async throws {
        try await FakeRegistry.run { registry in
            try await WeirProcess.run { server, api in
                try await api.createNamespace("demo")
                try await body(registry, api) { arguments in
                    try await weir(["import"] + arguments + ["-n", "demo", "--data-dir", server.directory])
                }
            }
        }
    }

    @Test("a stream is made only when told to; a tag is imported again from where it came; what fails is said")
    func single() async throws {
        try await Self.run { registry, api, weirImport in
            let path = "team/app"
            let first = registry.putImage("first", in: path, tag: "1")
            let source = "\(registry.host)/\(path):1"
            let refused = try await weirImport(["app:1", "--from", source, "--insecure"])
            #expect(refused.exit == 1 && refused.output.isEmpty)
            #expect(refused.errors.contains(#"no image stream named "app" exists, pass --confirm"#))
            #expect(try await api.get(API.streams("demo") + "/app").status == 404)

            let made = try await weirImport([
                "app:1", "--from", source, "--insecure", "--confirm", "--reference-policy=local", "--scheduled",
            ])
            #expect(made.exit == 0, "\(made.errors)")
            #expect(Self.rows(made.output).map { Array($0.prefix(2)) } == [["TAG", "IMAGE"], ["1", "\(first)"]])
            #expect(made.errors == "1 of 1 tag\n")
            let stream = try await Self.stream("app", api)
            #expect(Self.images(stream) == ["1": "\(first)"])
            let tag = Self.specTag("1", of: stream)
            #expect(tag?["from"] == ["kind": "DockerImage", "name": .string(source)])
            #expect(tag?["importPolicy"]?["scheduled"] == true && tag?["importPolicy"]?["insecure"] == true)
            #expect(tag?["referencePolicy"]?["type"] == "Local")

            let second = registry.putImage("second", in: path, tag: "1")
            let again = try await weirImport(["app:1"])
            #expect(again.exit == 0 && again.output.contains("\(second)"), "\(again.errors)")
            let after = try await Self.stream("app", api)
            #expect(Self.images(after) == ["1": "\(second)"])
            #expect(Self.specTag("1", of: after)?["importPolicy"] == tag?["importPolicy"])

            let missing = try await weirImport(["app:2", "--from", "\(registry.host)/\(path):2", "--insecure"])
            #expect(missing.exit == 1 && missing.output.isEmpty)
            #expect(missing.errors.contains("error: tag 2 failed: "), "\(missing.errors)")
            #expect(missing.errors.contains("error: 1 of 1 not imported"))
            let other = try await weirImport(["app:1", "--from", "\(registry.host)/\(path):2"])
            #expect(other.exit == 1 && other.errors.contains(#"the tag "1" points to ""#))
            let asked = try await weirImport(["app:1", "--reference-policy=source"])
            #expect(asked.exit == 0 && asked.errors.contains("warning: tag 1 keeps its reference policy Local"))
        }
    }

    @Test("all tags of a repository come, however many there are, and how far it is can be seen")
    func all() async throws {
        try await Self.run { registry, api, weirImport in
            let names = (1...73).map { "1.\($0)" }
            var expected: [String: String] = [:]
            for name in names { expected[name] = "\(registry.putImage(name, in: "team/app", tag: name))" }
            registry.intercept { request in
                request.path.hasSuffix("/manifests/1.40") ? .error(404, "MANIFEST_UNKNOWN", "lost") : nil
            }
            expected["1.40"] = nil
            let all = ["app", "--from", "\(registry.host)/team/app", "--all", "--insecure"]
            let result = try await weirImport(all + ["--confirm", "--scheduled"])
            #expect(result.exit == 1)
            #expect(
                Dictionary(uniqueKeysWithValues: Self.rows(result.output).dropFirst().map { ($0[0], $0[1]) })
                    == expected)
            let steps = result.errors.split(separator: "\n").map(String.init)
            #expect(steps.first == "looking at \(registry.host)/team/app")
            let counts = steps.filter { $0.contains(" of 73 tags") }.compactMap { Int($0.prefix { $0 != " " }) }
            #expect(counts.prefix(3) == [50, 70, 73], "\(steps)")
            #expect(
                steps.contains { $0.hasPrefix("error: tag 1.40 failed: ") && $0.contains(":1.40\" not found") },
                "\(steps)")
            #expect(steps.last == "error: 1 of 73 not imported")
            let stream = try await Self.stream("app", api)
            #expect(Self.images(stream).filter { $0.value != "" } == expected)
            let scheduled = stream["spec"]?["tags"]?.arrayValue?.filter { $0["importPolicy"]?["scheduled"] == true }
            #expect((scheduled?.count ?? 0) >= 72)

            // Without a repository, all tags of the stream.
            registry.intercept { _ in nil }
            let moved = "\(registry.putImage("moved", in: "team/app", tag: "1.7"))"
            let again = try await weirImport(["app", "--all"])
            #expect(again.exit == 0, "\(again.errors)")
            #expect(Self.rows(again.output).contains { $0.prefix(2) == ["1.7", moved] })
            #expect(Self.images(try await Self.stream("app", api))["1.7"] == moved)
            let other = try await weirImport(["app", "--from", "\(registry.host)/team/other", "--all"])
            #expect(other.exit == 1 && other.errors.contains("pass --confirm"))
        }
    }

    @Test("who writes to the stream meanwhile does not make it fail; a repository that cannot be listed is told")
    func races() async throws {
        try await Self.run { registry, api, weirImport in
            let image = registry.putImage("x", in: "team/app", tag: "1")
            #expect(try await api.createStream("app", in: "demo").status == 201)
            let count = Mutex(0)
            registry.intercept { request in
                guard request.path.hasSuffix("/manifests/1") else { return nil }
                let isFirst = count.withLock { count in
                    count += 1
                    return count == 1
                }
                guard isFirst else { return nil }
                let answer = try? await api.send(
                    "PATCH", API.streams("demo") + "/app", Array(#"{"metadata":{"labels":{"a":"b"}}}"#.utf8),
                    type: "application/merge-patch+json")
                return answer?.status == 200 ? nil : TestResponse(500, text: "the test failed")
            }
            let result = try await weirImport(["app:1", "--from", "\(registry.host)/team/app:1", "--insecure"])
            #expect(result.exit == 0, "\(result.errors)")
            let stream = try await Self.stream("app", api)
            #expect(Self.images(stream) == ["1": "\(image)"] && stream["metadata"]?["labels"] == ["a": "b"])

            let denied = try await weirImport([
                "none", "--from", "\(registry.host)/team/none", "--all", "--insecure", "--confirm",
            ])
            #expect(denied.exit == 1 && denied.errors.contains("\(registry.host)/team/none cannot be imported: "))
            let nowhere = try await weir(["import", "app", "--server", "http://127.0.0.1:1", "--confirm"])
            #expect(nowhere.exit == 1 && nowhere.errors.contains("weir: no answer of http://127.0.0.1:1"))
        }
    }
}
