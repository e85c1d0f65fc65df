import Importing
import OCI
import Synchronization
import Testing

@testable import Registry

@Suite("What was asked for elsewhere in vain")
struct UpstreamHealthTests {
    /// Time that passes when it is told to. A class because the health and the test share it.
    private final class Clock: Sendable {
        private let time = Mutex(ContinuousClock.now)
        var now: ContinuousClock.Instant { time.withLock { $0 } }
        func pass(_ duration: Duration) { time.withLock { $0 += duration } }
    }

    private typealias Failure = UpstreamSession.Failure

    private let clock = Clock()
    private let health: UpstreamHealth
    private let source = UpstreamSource(
        repository: RepositoryName(host: "one.example", path: "team/app"), isInsecure: false)

    init() {
        let clock = clock
        health = UpstreamHealth { clock.now }
    }

    private static func unreachable() -> Failure {
        var failure = Failure("connection refused")
        failure.isUnreachable = true
        return failure
    }

    private static func missing() -> Failure {
        var failure = Failure("blob unknown")
        failure.status = 404
        return failure
    }

    /// - Returns: whether the host was asked.
    private func asks(_ source: UpstreamSource, _ answer: Failure? = nil) async -> Bool {
        var wasAsked = false
        do throws(Failure) {
            try await health.asking(source) { () async throws(Failure) in
                wasAsked = true
                if let answer { throw answer }
            }
        } catch {}
        return wasAsked
    }

    private func asks(for blob: UpstreamHealth.Missing, _ answer: Failure? = nil) async -> Bool {
        var wasAsked = false
        do throws(Failure) {
            try await health.asking(for: blob) { () async throws(Failure) in
                wasAsked = true
                if let answer { throw answer }
            }
        } catch {}
        return wasAsked
    }

    @Test("A host that does not answer is left alone for five seconds, then for twice as long each time, to a minute")
    func pauses() async {
        for pause in [5, 10, 20, 40, 60, 60] {
            #expect(await asks(source, Self.unreachable()))
            clock.pass(.seconds(pause) - .milliseconds(1))
            #expect(await !asks(source))
            clock.pass(.milliseconds(1))
        }
    }

    @Test("One answer is enough, and other hosts are not meant")
    func answers() async {
        let other = UpstreamSource(
            repository: RepositoryName(host: "two.example", path: "team/app"), isInsecure: false)
        for _ in 0..<3 {
            _ = await asks(source, Self.unreachable())
            clock.pass(.seconds(60))
        }
        #expect(await asks(source))
        _ = await asks(source, Self.unreachable())
        #expect(await asks(other))
        clock.pass(UpstreamHealth.firstPause)
        #expect(await asks(source))
    }

    @Test("Who did not wait for an answer got none: neither is the host left alone, nor has it answered")
    func cancelled() async {
        @Sendable func asksInVain() async -> Bool {
            await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await asks(source, Self.unreachable())
            }.value
        }
        #expect(await asksInVain())
        #expect(await asks(source, Self.unreachable()))
        clock.pass(UpstreamHealth.firstPause)
        #expect(await asksInVain())
        #expect(await asks(source, Self.unreachable()))
        clock.pass(UpstreamHealth.firstPause)
        #expect(await !asks(source), "the second pause is longer")
    }

    @Test("A refusal is an answer: the host is asked again at once")
    func refusals() async {
        for _ in 0..<3 { #expect(await asks(source, Self.missing())) }
    }

    @Test("A blob that is not there is not asked for again for ten seconds, by the same namespace")
    func blobs() async {
        let blob = UpstreamHealth.Missing(namespace: "team", source: source, digest: digest("a"))
        #expect(await asks(for: blob, Self.missing()))
        #expect(await !asks(for: blob))
        #expect(await asks(for: UpstreamHealth.Missing(namespace: "other", source: source, digest: digest("a"))))
        #expect(await asks(for: UpstreamHealth.Missing(namespace: "team", source: source, digest: digest("b"))))
        clock.pass(UpstreamHealth.missingPause)
        #expect(await asks(for: blob))
    }
}
