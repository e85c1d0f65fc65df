import APIServer
import OCI
import Testing

@testable import Registry

@Suite("Rows of the registry's index")
struct RecordTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    // MARK: Blobs

    private static let blobs: [BlobRecord] = {
        let plain = BlobRecord(size: 5, created: 1, touched: 2)
        var manifest = plain
        manifest.mediaType = MediaType.ociManifest
        manifest.unvouched = [digest("a"), digest("b", .sha512)]
        var vouching = manifest
        vouching.unvouched = []
        var linked = plain
        linked.repositories = [path("ns/a"), path("ns/b")]
        linked.condemned = 0
        linked.isHidden = true
        return [plain, manifest, vouching, linked, BlobRecord(size: .max, created: 0, touched: .max)]
    }()

    @Test("A blob's row is read as it was written", arguments: blobs)
    func blob(_ record: BlobRecord) {
        #expect(BlobRecord(decoding: record.encoded) == record)
    }

    @Test("A blob's row of an earlier time lacks what came later")
    func oldBlob() throws {
        let record = try #require(BlobRecord(decoding: Self.bytes(#"{"size":7}"#)))
        #expect(record == BlobRecord(size: 7, created: 0, touched: 0))
        #expect(record.unvouched == nil)
        #expect(record.condemned == nil)
        let strange = try #require(
            BlobRecord(decoding: Self.bytes(#"{"size":7,"repositories":["ns/a","no name",1],"later":{}}"#)))
        #expect(strange.repositories == [path("ns/a")])
    }

    @Test(
        "What is no row is none", arguments: ["", "{", "[]", "null", "{}", #"{"size":"7"}"#, #"{"size":null}"#])
    func noBlob(_ text: String) {
        #expect(BlobRecord(decoding: Self.bytes(text)) == nil)
        #expect(LayerLink(decoding: Self.bytes(text)) == nil)
        #expect(ManifestRecord(decoding: Self.bytes(text)) == nil)
        #expect(RepositoryRecord(decoding: Self.bytes(text)) == nil)
    }

    @Test("A manifest vouches for what one of those who pushed it could see")
    func vouching() {
        var record = BlobRecord(size: 1, created: 1, touched: 1)
        #expect(!record.vouches(for: digest("a")))
        record.vouch(except: [digest("a"), digest("b")])
        #expect(!record.vouches(for: digest("a")))
        #expect(record.vouches(for: digest("c")))
        record.vouch(except: [digest("b"), digest("c")])
        #expect(record.vouches(for: digest("a")))
        #expect(!record.vouches(for: digest("b")))
        #expect(record.vouches(for: digest("c")))
        record.vouch(except: [])
        #expect(record.vouches(for: digest("b")))
    }

    @Test("A blob is given up once, and hidden for good")
    func givenUp() throws {
        let record = BlobRecord(size: 1, created: 1, touched: 1)
        let condemned = try #require(record.givenUp(at: 5, isHidden: false))
        #expect(condemned.condemned == 5)
        #expect(!condemned.isHidden)
        #expect(condemned.givenUp(at: 9, isHidden: false) == nil)
        let hidden = try #require(condemned.givenUp(at: 9, isHidden: true))
        #expect(hidden.condemned == 5)
        #expect(hidden.isHidden)
        #expect(hidden.givenUp(at: 10, isHidden: false) == nil)
    }

    // MARK: Links, manifests, repositories

    private static let links: [LayerLink] = {
        var remote = LayerLink(size: 3, touched: 4)
        remote.source = digest("a", .sha512)
        var mirrored = LayerLink(size: 3, touched: 4)
        mirrored.isMirrored = true
        var uploaded = LayerLink(size: 3, touched: 4)
        uploaded.uploads = ["an-upload", "one before"]
        return [
            LayerLink(size: 3, touched: 4), LayerLink(size: 0, touched: 0, isDeleted: true), remote, mirrored, uploaded,
        ]
    }()

    @Test("Quotas count what was pushed and is there")
    func charged() {
        #expect(Self.links.map(\.isCharged) == [true, false, false, false, true])
    }

    @Test("A link is read as it was written", arguments: links)
    func link(_ link: LayerLink) {
        #expect(LayerLink(decoding: link.encoded) == link)
    }

    @Test("A link of an earlier time is a live one that nobody touched")
    func oldLink() {
        #expect(LayerLink(decoding: Self.bytes(#"{"size":3}"#)) == LayerLink(size: 3, touched: 0))
    }

    private static let manifests: [ManifestRecord] = {
        let plain = ManifestRecord(mediaType: MediaType.ociManifest, size: 9, canonical: digest("a"), pushed: 100)
        var full = ManifestRecord(
            mediaType: MediaType.ociIndex, size: 9, canonical: digest("a"), subject: digest("b", .sha512),
            blobs: [digest("c"), digest("d")], children: [digest("e")], pushed: 100, isDeleted: true)
        full.touched = 700
        full.isFetched = true
        full.source = digest("f")
        full.sourceTag = "sha256-ffff.sig"
        return [plain, full]
    }()

    @Test("A manifest's row is read as it was written", arguments: manifests)
    func manifest(_ record: ManifestRecord) {
        #expect(ManifestRecord(decoding: record.encoded) == record)
    }

    @Test("A manifest's row of an earlier time was touched when it was pushed, and pushed by somebody")
    func oldManifest() throws {
        let record = try #require(
            ManifestRecord(decoding: Self.bytes(#"{"canonical":"\#(digest("a"))","pushed":7,"blobs":["x"]}"#)))
        #expect(record == ManifestRecord(mediaType: "", size: 0, canonical: digest("a"), pushed: 7))
        #expect(record.touched == 7)
        #expect(!record.isFetched)
        #expect(!record.isDeleted)
        #expect(ManifestRecord(decoding: Self.bytes(#"{"canonical":"x"}"#)) == nil)
    }

    @Test("A repository's row is read as it was written")
    func repository() throws {
        let record = RepositoryRecord(id: "one", namespaceUID: "two", created: 3)
        #expect(RepositoryRecord(decoding: record.encoded) == record)
        let old = try #require(RepositoryRecord(decoding: Self.bytes(#"{"id":"one"}"#)))
        #expect(old == RepositoryRecord(id: "one", namespaceUID: "", created: 0))
    }

    @Test("An upload knows the token that began it, by its hash, and nobody else's")
    func uploadToken() throws {
        let incarnation = Incarnation(path: path("ns/app"), id: "i")
        let begun = request("POST", headers: [.authorization: "Bearer secret"])
        let record = UploadRecord(incarnation, user: "user", begun)
        #expect(UploadRecord(decoding: record.encoded) == record)
        #expect(!String(decoding: record.encoded, as: UTF8.self).contains("secret"))
        #expect(record.isOf(UserInfo(name: "user"), begun))
        // Of basic credentials the password counts, whoever the user says to be: this is "any:secret".
        #expect(record.isOf(UserInfo(name: "user"), request(headers: [.authorization: "Basic YW55OnNlY3JldA=="])))
        #expect(!record.isOf(UserInfo(name: "other"), begun))
        for other in ["Bearer Secret", "Bearer anonymous", "", "Bearer \(record.token ?? "")"] {
            #expect(!record.isOf(UserInfo(name: "user"), request(headers: [.authorization: other])), "\(other)")
        }
        #expect(!record.isOf(UserInfo(name: "user"), request()))
    }

    @Test("What an upload belongs to is read as it was written; a very long name of a user is cut")
    func upload() throws {
        let incarnation = Incarnation(path: path("ns/app"), id: "one")
        let record = UploadRecord(incarnation, user: "user")
        #expect(UploadRecord(decoding: record.encoded) == record)
        #expect(record.incarnation == incarnation)
        let long = UploadRecord(incarnation, user: String(repeating: "ä", count: 5000))
        #expect(long.user.unicodeScalars.count == 64)
        #expect(UploadRecord(decoding: long.encoded) == long)
        #expect(UploadRecord(incarnation, user: String(repeating: "ä", count: 5001)).user != long.user)
        #expect(record.token == nil && !record.isOf(UserInfo(name: "user"), request()))
        #expect(UploadRecord.holders(record.encoded) == ["user user", "namespace ns"])
        #expect(UploadRecord.holders([]).isEmpty)
        for text in ["", "{}", #"{"repository":"ns/app"}"#, #"{"repository":"no name","id":"x"}"#] {
            #expect(UploadRecord(decoding: Self.bytes(text)) == nil)
        }
    }

    // MARK: Keys

    @Test("Referrers are in the order of their pushes, however many digits the times have")
    func referrers() {
        let times: [Int64] = [0, 5, 999, 1_800_000_000_000, 9_999_999_999_999]
        let keys = times.map { RegistryKeys.referrer("id", of: digest("a"), pushed: $0, digest("b")) }
        #expect(keys == keys.sorted())
        for key in keys { #expect(key.hasPrefix(RegistryKeys.referrers("id", of: digest("a")))) }
    }

    @Test("Nothing of one repository begins like something of another one")
    func prefixes() {
        let one = RegistryKeys.layer("id", digest("a"))
        #expect(one.hasPrefix(RegistryKeys.layers(of: "id")))
        #expect(!one.hasPrefix(RegistryKeys.layers(of: "i")))
        #expect(!RegistryKeys.manifest("id", digest("a")).hasPrefix(RegistryKeys.manifests(of: "i")))
        let referrer = RegistryKeys.referrer("id", of: digest("a"), pushed: 1, digest("b"))
        #expect(!referrer.hasPrefix(RegistryKeys.referrers(of: "i")))
    }
}
