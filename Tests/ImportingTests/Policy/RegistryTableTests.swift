import OCI
import Testing

@testable import Importing

@Suite("What a cluster's configuration says of registries")
struct RegistryTableTests {
    private static let hex = String(repeating: "a", count: 64)

    private static func reference(_ text: String) throws -> RemoteReference {
        try ImageReference(parsing: text).normalized()
    }

    private static let table: RegistryTable = {
        var table = RegistryTable()
        table.addMirrors(
            ["mirror.example.com/openshift4"], of: "quay.io/openshift", serving: .digests)
        table.addMirrors(["tags.example.com/os"], of: "quay.io/openshift", serving: .tags)
        table.addMirrors(["exact.example.com/test"], of: "quay.io/openshift/test", serving: .digests)
        table.addMirrors(["never.example.com/x"], of: "secret.io", serving: .digests, neverContactSource: true)
        table.addMirrors(["wild.example.com/w"], of: "*.wild.io", serving: .digests)
        table.addMirrors(["hub.example.com/hub", "bad.io/hub"], of: "docker.io", serving: .tags)
        table.addBlocked("bad.io")
        table.addBlocked("part.io/bad")
        table.addBlocked("*.evil.io")
        table.addInsecure("lab.example:5000")
        table.addInsecure("*.lab.example")
        return table
    }()

    @Test(
        "Mirrors of the most exact source come first, the source last unless it is never contacted",
        arguments: [
            (
                "quay.io/openshift/cli@sha256:\(hex)",
                ["mirror.example.com/openshift4/cli@sha256:\(hex)", "quay.io/openshift/cli@sha256:\(hex)"]
            ),
            ("quay.io/openshift/cli:v1", ["tags.example.com/os/cli:v1", "quay.io/openshift/cli:v1"]),
            (
                "quay.io/openshift/test@sha256:\(hex)",
                ["exact.example.com/test@sha256:\(hex)", "quay.io/openshift/test@sha256:\(hex)"]
            ),
            // The most exact source has none for tags, and another's do not count.
            ("quay.io/openshift/test:v1", ["quay.io/openshift/test:v1"]),
            ("quay.io/openshiftx/test:v1", ["quay.io/openshiftx/test:v1"]),
            ("secret.io/a/b@sha256:\(hex)", ["never.example.com/x/a/b@sha256:\(hex)"]),
            ("secret.io/a/b:v1", []),
            (
                "a.wild.io/team/app@sha256:\(hex)",
                ["wild.example.com/w/team/app@sha256:\(hex)", "a.wild.io/team/app@sha256:\(hex)"]
            ),
            ("wild.io/team/app@sha256:\(hex)", ["wild.io/team/app@sha256:\(hex)"]),
            ("nginx:1", ["hub.example.com/hub/library/nginx:1", "docker.io/library/nginx:1"]),
            ("bad.io/a:v1", []), ("part.io/bad/a:v1", []), ("part.io/good:v1", ["part.io/good:v1"]),
            ("a.b.evil.io:8443/x:v1", []), ("evil.io/x:v1", ["evil.io/x:v1"]),
        ])
    func sources(_ text: String, _ expected: [String]) throws {
        let found = Self.table.sources(of: try Self.reference(text))
        #expect(found.map(\.description) == expected)
    }

    @Test("A repository is blocked where nothing of it can be fetched and it has no mirrors")
    func blocked() throws {
        func isBlocked(_ text: String) throws -> Bool {
            Self.table.isBlocked(try Self.reference(text).repository)
        }
        #expect(try isBlocked("bad.io/a"))
        #expect(try isBlocked("part.io/bad/a"))
        #expect(try !isBlocked("part.io/badly"))
        #expect(try !isBlocked("secret.io/a"))
        let policy = PullPolicy(Self.table)
        #expect(policy.blockedHost(try Self.reference("bad.io/a").repository) == "bad.io")
        #expect(policy.blockedHost(try Self.reference("good.io/a").repository) == nil)
    }

    @Test("Insecure is what is covered by a scope, whatever its port for a wildcard")
    func insecure() throws {
        func isInsecure(_ text: String) throws -> Bool {
            Self.table.isInsecure(try Self.reference(text).repository)
        }
        #expect(try isInsecure("lab.example:5000/a"))
        #expect(try !isInsecure("lab.example/a"))
        #expect(try isInsecure("x.lab.example:443/a/b"))
    }

    @Test(
        "Lists of one source are merged as their orders demand, by name where they do not",
        arguments: [
            ([["m1/a", "m2/a"], ["m2/a", "m3/a"]], ["m1/a", "m2/a", "m3/a"]),
            ([["b/a"], ["a/a"]], ["a/a", "b/a"]),
            ([["b/a", "a/a"]], ["b/a", "a/a"]),
            // A circle: by name.
            ([["b/a", "a/a"], ["a/a", "b/a"]], ["a/a", "b/a"]),
            ([["s/a", "m/a"]], ["m/a"]),
            ([["m/a", "m/a"]], ["m/a"]),
        ])
    func merging(_ lists: [[String]], _ expected: [String]) {
        #expect(RegistryTable.merged(lists, source: "s/a") == expected)
    }
}
