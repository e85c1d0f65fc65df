import Foundation
import OCI
import RegistryTesting
import Synchronization
import Testing

@testable import RegistryClient

@Suite("Manifests, blobs and tags")
struct TransferTests {
    @Test("Manifests by tag and digest, in sha256 and sha512, and their digest by HEAD")
    func manifests() async throws {
        try await FakeRegistry.run { registry in
            let digest = registry.putImage("x", in: "a/b/c", tag: "v1")
            try await withClient { client in
                let byTag = try await client.manifest(registry.reference("a/b/c", "v1"), access: plain)
                #expect(byTag.manifest.digest == digest)
                let byDigest = try await client.manifest(registry.reference("a/b/c", digest), access: plain)
                #expect(byDigest.bytes == byTag.bytes)
                let long = Digest.compute(.sha512, of: byTag.bytes)
                #expect(
                    try await client.manifest(registry.reference("a/b/c", long), access: plain).manifest.digest
                        == digest)
                #expect(try await client.manifestDigest(registry.reference("a/b/c", "v1"), access: plain) == digest)
                registry.intercept { $0.method == "HEAD" ? TestResponse(405) : nil }
                #expect(try await client.manifestDigest(registry.reference("a/b/c", "v1"), access: plain) == digest)
            }
        }
    }

    @Test("Content that does not hash to what was asked for is refused")
    func integrity() async throws {
        try await FakeRegistry.run { registry in
            let wanted = Digest.sha256(of: Array("wanted".utf8))
            let manifest = Array(#"{"schemaVersion":2,"manifests":[]}"#.utf8)
            registry.intercept { request in
                guard request.path.count > 4 else { return nil }
                return TestResponse(
                    200, [("Content-Type", MediaType.ociIndex), ("Docker-Content-Digest", "\(wanted)")], body: manifest)
            }
            try await withClient { client in
                let computed = Digest.sha256(of: manifest)
                let error = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("a", wanted), access: plain)
                }
                #expect(
                    error?.text
                        == "content integrity error: the manifest retrieved with digest \(wanted) does not match "
                        + "the digest calculated from the content \(computed)")
                let blob = await failure { () async throws(RegistryError) in
                    try await client.blob(wanted, in: registry.repository("a"), access: plain)
                }
                #expect(
                    blob?.text == "content integrity error: the blob retrieved with digest \(wanted) does not match "
                        + "the digest calculated from the content \(computed)")
            }
        }
    }

    @Test("Answers that are cut, too long or lie about their length are refused")
    func lengths() async throws {
        try await FakeRegistry.run { registry in
            registry.intercept { request in
                guard request.path.hasPrefix("/v2/a/manifests/") else { return nil }
                var response = TestResponse(200, [("Content-Type", MediaType.ociIndex)], text: #"{"manifests":[]}"#)
                switch request.path.split(separator: "/").last {
                case "cut": response.claimedLength = 1000
                case "claims": response.claimedLength = 5 << 20
                case "chunked":
                    response.chunked = true
                    response.body = Array(repeating: 0x20, count: 5 << 20)
                case "long": response.body = Array(repeating: 0x20, count: 5 << 20)
                default: break
                }
                return response
            }
            try await withClient { client in
                for tag in ["claims", "long", "chunked"] {
                    let error = await failure { () async throws(RegistryError) in
                        try await client.manifest(registry.reference("a", tag), access: plain)
                    }
                    #expect(error == .tooLarge("manifest \(registry.host)/a:\(tag)", limit: 4 << 20))
                }
                let error = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("a", "cut"), access: plain)
                }
                guard case .network? = error else {
                    Issue.record("\(error?.text ?? "none")")
                    return
                }
            }
        }
    }

    @Test("A blob that is not there, and sizes by HEAD")
    func blobs() async throws {
        try await FakeRegistry.run { registry in
            let digest = registry.put(blob: "12345", in: "a")
            try await withClient { client in
                let repository = registry.repository("a")
                let (size, bytes) = (
                    try await client.blobSize(digest, in: repository, access: plain),
                    try await client.blob(digest, in: repository, access: plain)
                )
                #expect(size == 5)
                #expect(bytes == Array("12345".utf8))
                let other = Digest.sha256(of: Array("other".utf8))
                let error = await failure { () async throws(RegistryError) in
                    try await client.blob(other, in: repository, access: plain)
                }
                #expect(error?.text == "unknown blob")
                let noSize = await failure { () async throws(RegistryError) in
                    try await client.blobSize(other, in: repository, access: plain)
                }
                #expect(noSize == .unknownBlob)
            }
        }
    }

    @Test("Redirects are followed without credentials, ten at most, and never out of TLS")
    func redirects() async throws {
        let elsewhere = try await TestServer.start { request in
            request.path == "/blob"
                ? TestResponse(200, text: "moved") : TestResponse(302, [("Location", request.target)])
        }
        try await FakeRegistry.run(login: .basic(alice)) { registry in
            let digest = Digest.sha256(of: Array("moved".utf8))
            registry.intercept { request in
                guard request.path.contains("/blobs/") else { return nil }
                let path = request.path.hasPrefix("/v2/loop/") ? "loop" : "blob"
                return TestResponse(
                    307, [("Location", "http://\(elsewhere.host)/\(path)?sig=x"), ("Set-Cookie", "a=b")])
            }
            try await withClient { client in
                let blob = try await client.blob(digest, in: registry.repository("a"), access: access(alice))
                #expect(blob == Array("moved".utf8))
                let error = await failure { () async throws(RegistryError) in
                    try await client.blob(digest, in: registry.repository("loop"), access: access(alice))
                }
                #expect(error?.text == "stopped after 10 redirects")
            }
        }
        #expect(elsewhere.requests.allSatisfy { $0.header("authorization").isEmpty && $0.header("cookie").isEmpty })
        #expect(elsewhere.lines.first == "GET /blob?sig=x")
        await elsewhere.stop()

        try await FakeRegistry.run(tls: try TestCertificate.shared.get()) { registry in
            registry.intercept { $0.path.count > 4 ? TestResponse(302, [("Location", "http://127.0.0.1:1/x")]) : nil }
            try await withClient { client in
                let error = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("a", "1"), access: plain)
                }
                #expect(error?.text == "refusing the redirect to \"http://127.0.0.1:1/x\": it leaves https")
            }
        }
    }

    @Test("A redirect back to the registry gets the header again; one to its own other port does not")
    func redirectHome() async throws {
        let other = try await TestServer.start { _ in TestResponse(404) }
        try await FakeRegistry.run(login: .basic(alice)) { registry in
            registry.putImage("x", in: "real", tag: "1")
            registry.intercept { request in
                switch request.path {
                case "/v2/alias/manifests/1": TestResponse(301, [("Location", "/v2/real/manifests/1")])
                case "/v2/port/manifests/1":
                    TestResponse(301, [("Location", "http://\(other.host)/v2/real/manifests/1")])
                default: nil
                }
            }
            try await withClient { client in
                _ = try await client.manifest(registry.reference("alias", "1"), access: access(alice))
                _ = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("port", "1"), access: access(alice))
                }
            }
        }
        #expect(other.requests.count == 1)
        #expect(other.requests.allSatisfy { $0.header("authorization").isEmpty })
        await other.stop()
    }

    @Test(
        "A list of referrers whose pages never end is read to a bound; what was found is told", .timeLimit(.minutes(5)))
    func endlessReferrers() async throws {
        try await FakeRegistry.run { registry in
            let subject = Digest.sha256(of: Array("subject".utf8))
            let count = Mutex(0)
            registry.intercept { request in
                guard request.path.contains("/referrers/") else { return nil }
                let page = count.withLock { count in
                    count += 1
                    return count
                }
                let list = page == 2 ? #"{"mediaType":"m","digest":"\#(subject)","size":1}"# : ""
                return TestResponse(
                    200, [("Link", "<\(request.path)?page=\(page)>; rel=\"next\"")],
                    text: #"{"schemaVersion":2,"manifests":[\#(list)]}"#)
            }
            try await withClient({ $0.maxReferrerPages = 5 }) { client in
                let found = try await client.referrers(
                    of: subject, in: registry.repository("a"), access: plain)
                #expect(found.count == 1)
                #expect(count.withLock { $0 } == 5)
            }
        }
    }

    @Test("Tags come page by page until no next page is named")
    func pages() async throws {
        try await FakeRegistry.run { registry in
            registry.intercept { request in
                guard request.path == "/v2/a/tags/list" else { return nil }
                let last = Int(request.query.dropFirst("last=".count)) ?? 0
                let link = last < 3 ? [("Link", "</v2/a/tags/list?last=\(last + 1)>; rel=\"next\"")] : []
                return TestResponse(200, link, text: #"{"name":"a","tags":["t\#(last)","","../x"]}"#)
            }
            try await withClient { client in
                let tags = try await client.tags(in: registry.repository("a"), access: plain)
                #expect(tags == ["t0", "", "t1", "", "t2", "", "t3", ""])
            }
        }
    }

    @Test(
        "Tag lists that repeat, never end or lead elsewhere are ended",
        arguments: ["same", "endless", "foreign", "many", "null", "broken", "file"])
    func strangeLists(kind: String) async throws {
        try await FakeRegistry.run { registry in
            registry.intercept { request in
                guard request.path.hasSuffix("/tags/list") else { return nil }
                let next: String? =
                    switch kind {
                    case "same": "/v2/a/tags/list"
                    case "endless": "/v2/a/tags/list?n=\(UUID().uuidString)"
                    case "foreign": "http://localhost:1/v2/a/tags/list"
                    case "file": "file:///etc/passwd"
                    default: nil
                    }
                let tags = kind == "many" ? Array(repeating: #""t""#, count: 11).joined(separator: ",") : #""t""#
                let text = kind == "null" ? #"{"tags":null}"# : kind == "broken" ? "{" : #"{"tags":[\#(tags)]}"#
                return TestResponse(200, next.map { [("Link", "<\($0)>; rel=next")] } ?? [], text: text)
            }
            try await withClient({
                $0.maxTagPages = 5
                $0.maxTags = 10
            }) { client in
                let tags: [String]?
                var text = ""
                do throws(RegistryError) {
                    tags = try await client.tags(in: registry.repository("a"), access: plain)
                } catch {
                    tags = nil
                    text = error.text
                }
                switch kind {
                case "same": #expect(tags == ["t"])
                case "null": #expect(tags == [])
                case "endless": #expect(text == "the tag list of \(registry.host)/a has more than 5 pages")
                case "many": #expect(text == "the tag list of \(registry.host)/a has more than 10 tags")
                case "foreign": #expect(text == "the next page of tags is on another host, localhost:1")
                case "file": #expect(text.contains("no http or https URL"))
                default: #expect(tags == nil && !text.isEmpty)
                }
            }
        }
    }
}
