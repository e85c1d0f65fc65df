import OCI
import Testing

@testable import Registry

@Suite("All transfers together")
struct TransfersTests {
    private static func key(_ digit: Character, host: String = "one.example", namespace: String = "team")
        -> Transfers.Key
    {
        Transfers.Key(
            digest: digest(digit), namespace: namespace,
            source: UpstreamSource(repository: RepositoryName(host: host, path: "a/b"), isInsecure: false))
    }

    private static func bounds(host: Int = 9, share: Int = 9, copies: Int = 9, namespace: Int = 9) -> Transfers {
        Transfers(
            Transfers.Bounds(
                perHost: host, perHostAndNamespace: share, copies: copies, copiesPerNamespace: namespace))
    }

    private let app = Incarnation(path: path("team/app"), id: "1")
    private let other = Incarnation(path: path("team/other"), id: "2")

    private func began(_ transfers: Transfers, _ key: Transfers.Key) -> Transfer? {
        if case .new(let transfer) = transfers.claim(key, size: 1, for: app) { transfer } else { nil }
    }

    private func isFull(_ transfers: Transfers, _ key: Transfers.Key) -> Bool {
        if case .full = transfers.claim(key, size: 1, for: app) { true } else { false }
    }

    private func isTooMany(_ transfers: Transfers, _ key: Transfers.Key) -> Bool {
        if case .tooMany = transfers.claim(key, size: 1, for: app) { true } else { false }
    }

    @Test("The first who wants a blob begins its transfer, the others join it until it ends; namespaces share nothing")
    func claims() throws {
        let transfers = Self.bounds()
        let first = try #require(began(transfers, Self.key("a")))
        guard case .running(let same) = transfers.claim(Self.key("a"), size: 10, for: other) else {
            Issue.record("the second claim does not join")
            return
        }
        #expect(first === same)
        #expect(began(transfers, Self.key("a", namespace: "other")) != nil)
        transfers.end(Self.key("a"), first)
        #expect(began(transfers, Self.key("a")) != nil)
    }

    @Test("All repositories that joined are told, also those that join while the first get the blob; then nobody joins")
    func homes() throws {
        let transfers = Self.bounds()
        let key = Self.key("a")
        let first = try #require(began(transfers, key))
        #expect(transfers.homes(key, besides: []) == [app])
        _ = transfers.claim(key, size: 1, for: other)
        _ = transfers.claim(key, size: 1, for: app)
        #expect(transfers.homes(key, besides: [app]) == [other])
        #expect(transfers.homes(key, besides: [app, other]).isEmpty)
        let next = try #require(began(transfers, key), "it takes no more")
        // The end of the first is not that of the next.
        transfers.end(key, first)
        guard case .running(let same) = transfers.claim(key, size: 1, for: other) else {
            Issue.record("the next one is gone")
            return
        }
        #expect(same === next)
    }

    @Test("A host has a bound, and what one namespace wants of it another; hosts do not hold up each other")
    func hosts() throws {
        let transfers = Self.bounds(host: 3, share: 2)
        let first = try #require(began(transfers, Self.key("a")))
        var passage = transfers.pass(from: "one.example", for: "team")
        #expect(passage != nil)
        #expect(isTooMany(transfers, Self.key("b")))
        #expect(transfers.pass(from: "one.example", for: "team") == nil)
        #expect(began(transfers, Self.key("a", namespace: "other")) != nil)
        #expect(isTooMany(transfers, Self.key("b", namespace: "third")), "the host's own bound")
        #expect(began(transfers, Self.key("b", host: "two.example")) != nil)
        passage = nil
        #expect(transfers.pass(from: "one.example", for: "third") != nil, "a place is free when nobody holds it")
        transfers.end(Self.key("a"), first)
        #expect(began(transfers, Self.key("c")) != nil)
    }

    @Test("Copies have bounds, in all and for a namespace, over all hosts; what is beyond can still be handed on")
    func copies() throws {
        let transfers = Self.bounds(copies: 3, namespace: 2)
        let first = try #require(began(transfers, Self.key("a", host: "one.example")))
        #expect(began(transfers, Self.key("b", host: "two.example")) != nil)
        #expect(isFull(transfers, Self.key("c", host: "three.example")))
        #expect(began(transfers, Self.key("c", namespace: "other")) != nil)
        #expect(isFull(transfers, Self.key("d", namespace: "third")))
        let passage = transfers.pass(from: "three.example", for: "team")
        #expect(passage != nil)
        transfers.end(Self.key("a", host: "one.example"), first)
        #expect(began(transfers, Self.key("c", host: "three.example")) != nil)
    }

    @Test(
        "Drops are too slow, pauses are not",
        arguments: [
            ([(1, 59), (1, 59)], false), ([(1 << 20, 59), (1, 59)], true), ([(64 << 10, 60)], true),
            ([((64 << 10) - 1, 60)], false), ([(64 << 10, 61), (1, 1)], false),
            ([(100, 1), (100, 1), (100, 1)], true), ([(64 << 10, 60), (1, 60)], false),
        ] as [([(Int, Int)], Bool)])
    func pace(_ pieces: [(Int, Int)], _ isFast: Bool) {
        var pace = Pace()
        let answers = pieces.map { pace.allows($0.0, after: .seconds($0.1)) }
        #expect(answers.allSatisfy { $0 } == isFast)
    }
}
