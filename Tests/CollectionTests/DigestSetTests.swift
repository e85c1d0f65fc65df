import OCI
import Testing

@testable import Registry

@Suite("A set of very many digests")
struct DigestSetTests {
    @Test("knows its members and no others, however many there are")
    func members() {
        var set = DigestSet(capacity: 4)
        let digests = (0..<20_000).map { Digest.sha256(of: Array("\($0)".utf8)) }
        for digest in digests[..<10_000] {
            let isNew = set.insert(digest)
            let isNewAgain = set.insert(digest)
            #expect(isNew && !isNewAgain)
        }
        #expect(set.count == 10_000)
        #expect(digests[..<10_000].allSatisfy { set.contains($0) })
        #expect(!digests[10_000...].contains { set.contains($0) })
    }

    @Test("takes the digest of zeros, and ids")
    func oddities() throws {
        var set = DigestSet()
        let zeros = try #require(Digest("sha256:" + String(repeating: "0", count: 64)))
        #expect(!set.contains(zeros))
        set.insert(zeros)
        #expect(set.contains(zeros))
        set.insert(id: "9b2e4a10-1111-4222-8333-444455556666")
        #expect(set.contains(id: "9b2e4a10-1111-4222-8333-444455556666"))
        #expect(!set.contains(id: "9b2e4a11-1111-4222-8333-444455556666"))
    }
}
