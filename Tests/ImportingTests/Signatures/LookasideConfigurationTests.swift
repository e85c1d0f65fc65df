import Foundation
import OCI
import Testing

@testable import Importing

@Suite("Lookaside configuration")
struct LookasideConfigurationTests {
    private static let digest = "sha256:" + String(repeating: "0", count: 64)

    private func reference(_ text: String) throws -> RemoteReference { try ImageReference(parsing: text).normalized() }

    private func faults(_ files: (String, String)...) -> [String] {
        do {
            _ = try LookasideConfiguration(files: files.map { (name: $0.0, text: $0.1) })
            return []
        } catch { return error.faults }
    }

    @Test(
        "the most specific scope wins",
        arguments: [
            ("h.example.com:5000/a/b@\(Self.digest)", "exact"),
            ("h.example.com:5000/a/b:1", "tag"),
            ("h.example.com:5000/a/b:2", "repository"),
            ("h.example.com:5000/a/c:1", "parent"),
            ("h.example.com:5000/x:1", "host"),
            ("h.example.com/x:1", "wildcard"),
            ("h.example.com:6000/x:1", "wildcard"),
            ("deep.h.example.com/x:1", "wildcard"),
            ("example.com/x:1", "com"),
            ("other.org/a/b:1", "standard"),
            ("busybox", "library"),
            ("docker.io/team/app", "standard"),
            ("h.example.com:5000/a/bc:1", "parent"),
        ])
    func lookup(text: String, expected: String) throws {
        let names = [
            "h.example.com:5000/a/b@\(Self.digest)": "exact", "h.example.com:5000/a/b:1": "tag",
            "h.example.com:5000/a/b": "repository", "h.example.com:5000/a": "parent", "h.example.com:5000": "host",
            "*.example.com": "wildcard", "*.com": "com", "docker.io/library": "library",
        ]
        let configuration = LookasideConfiguration(
            scopes: try names.mapValues { .init(store: try LookasideStore("file:///\($0)")) },
            standard: .init(store: try LookasideStore("file:///standard")))
        #expect(configuration.store(for: try reference(text)) == (try LookasideStore("file:///\(expected)")))
    }

    @Test("what a scope does not say, wider ones say")
    func fallThrough() throws {
        let text = """
            default-docker:
              lookaside: https://default.example
            docker:
              h.example/a:
                use-sigstore-attachments: true
              h.example/a/off:
                use-sigstore-attachments: false
              h.example:
                lookaside: https://host.example
              empty.example:
              staging.example: {lookaside-staging: "file:///staging"}
            """
        let configuration = try LookasideConfiguration(files: [("a.yaml", text)])
        #expect(configuration.unknownFields.isEmpty)
        let cases = [
            ("h.example/a/b:1", "https://host.example", true), ("h.example/a/off:1", "https://host.example", false),
            ("h.example/c:1", "https://host.example", false), ("empty.example/a:1", "https://default.example", false),
            ("staging.example/a:1", "https://default.example", false),
        ]
        for (text, store, attachments) in cases {
            #expect(configuration.store(for: try reference(text)) == (try LookasideStore(store)), "\(text)")
            #expect(configuration.usesAttachments(for: try reference(text)) == attachments, "\(text)")
        }
    }

    @Test("without anything the store of container tools is meant, and attachments are not")
    func nothing() throws {
        let files = [
            "", "{}", "# a comment\n", "docker:\n", "default-docker:\n",
            "default-docker: {lookaside-staging: file:///x}",
        ]
        for text in files {
            let configuration = try LookasideConfiguration(files: [("a.yaml", text)])
            #expect(configuration.store(for: try reference("h.example/a:1")) == .standard, "\(text)")
            #expect(!configuration.usesAttachments(for: try reference("h.example/a:1")), "\(text)")
        }
    }

    @Test("the newer name of the store counts")
    func olderName() throws {
        let text = "docker: {a: {sigstore: file:///old}, b: {sigstore: file:///old, lookaside: file:///new}}"
        let scopes = try LookasideConfiguration(files: [("a.yaml", text)]).scopes
        #expect(scopes["a"]?.store == (try LookasideStore("file:///old")))
        #expect(scopes["b"]?.store == (try LookasideStore("file:///new")))
    }

    @Test("files are read together, and two must not speak of the same")
    func files() throws {
        let a = "default-docker: {lookaside: file:///d}\ndocker: {h.example: {lookaside: file:///x}}"
        let b = "docker: {other.example: {lookaside: file:///y}}"
        let configuration = try LookasideConfiguration(files: [("a", a), ("b", b)])
        #expect(configuration.scopes.keys.sorted() == ["h.example", "other.example"])
        #expect(
            faults(("a", a), ("b", a)) == ["b: default-docker is in a already", "b: docker[h.example] is in a already"])
    }

    @Test(
        "faults are told with file and field",
        arguments: [
            ("[]", ["f: the file: must be an object, not array"]),
            ("docker: 1", ["f: docker: must be an object, not number"]),
            ("docker: {a: x}", ["f: docker[a]: must be an object, not string"]),
            ("docker: {a: {lookaside: 1}}", ["f: docker[a].lookaside: must be a string, not 1"]),
            (
                "docker: {a: {lookaside: /srv}}",
                ["f: docker[a].lookaside: must be a file, http or https URL, not /srv"]
            ),
            (
                "default-docker: {sigstore: 'file://h/x'}",
                ["f: default-docker.sigstore: a file URL must be file:///FOLDER, not file://h/x"]
            ),
            (
                "default-docker: {use-sigstore-attachments: maybe}",
                [#"f: default-docker.use-sigstore-attachments: must be true or false, not "maybe""#]
            ),
        ])
    func faulty(text: String, expected: [String]) {
        #expect(faults(("f", text)) == expected)
    }

    @Test("what is no YAML, and keys that are there twice, are faults")
    func broken() {
        #expect(faults(("f", "a: [")).first?.hasPrefix("f: yaml: ") == true)
        #expect(faults(("f", "docker: {a: {}, a: {}}")).count == 1)
    }

    @Test("fields that mean nothing are noted: other tools own the format")
    func unknown() throws {
        let text = "x: 1\ndocker: {a: {lookasid: file:///x}}"
        let configuration = try LookasideConfiguration(files: [("f", text)])
        #expect(configuration.unknownFields == ["f: x", "f: docker[a].lookasid"])
    }

    @Test("a directory is read by its files *.yaml, and nothing but files")
    func directory() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weir-lookaside-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        try write("b.yaml", "docker: {b: {lookaside: file:///b}}")
        try write("a.yaml", "docker: {a: {lookaside: file:///a}}")
        try write("c.yml", "what is this")
        try write("README", "docker: [")
        #expect(try LookasideConfiguration(directory: folder.path).scopes.keys.sorted() == ["a", "b"])
        try FileManager.default.createDirectory(at: folder.appending(path: "d.yaml"), withIntermediateDirectories: true)
        #expect(mkfifo(folder.appending(path: "e.yaml").path, 0o600) == 0)
        try write("f.yaml", String(repeating: "#", count: 1 << 20 + 1))
        do {
            _ = try LookasideConfiguration(directory: folder.path)
            Issue.record("no fault")
        } catch {
            let path = folder.path
            #expect(
                error.faults == [
                    "\(path)/d.yaml: is no regular file", "\(path)/e.yaml: is no regular file",
                    "\(path)/f.yaml: is longer than 1048576 bytes",
                ])
        }
        #expect(throws: LookasideConfiguration.Invalid.self) {
            try LookasideConfiguration(directory: folder.path + "/no")
        }
    }
}
