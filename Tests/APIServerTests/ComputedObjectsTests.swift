import APIMachinery
import ImageAPI
import Synchronization
import Testing

@testable import APIServer

@Suite("Computed objects")
struct ComputedObjectsTests {
    private let key = ComputedObjects<ImageStream, Int>.Key(namespace: "p", name: "a")

    /// Asks for an object that is made of a number; tells how often it was computed so far.
    private func ask(
        _ objects: ComputedObjects<ImageStream, Int>, _ runs: borrowing Mutex<Int>, present: Int, keeps: Bool = true
    ) async throws -> (label: String?, runs: Int) {
        let output = try await objects.output(key) {
            $0 == present
        } compute: {
            runs.withLock { $0 += 1 }
            return (
                ImageStream(metadata: ObjectMeta(name: "a", labels: ["made": "\(present)"])), keeps ? present : nil
            )
        }
        return (try output.object().metadata.labels["made"], runs.withLock { $0 })
    }

    @Test("are computed once for one state of their sources, and again for the next")
    func once() async throws {
        let objects = ComputedObjects<ImageStream, Int>(maximumBytes: 100_000)
        let runs = Mutex(0)
        for _ in 0..<3 { #expect(try await ask(objects, runs, present: 1) == ("1", 1)) }
        for _ in 0..<3 { #expect(try await ask(objects, runs, present: 2) == ("2", 2)) }
        #expect(try await ask(objects, runs, present: 1) == ("1", 3), "an older state is no state")
    }

    @Test("without sources are computed each time")
    func unkept() async throws {
        let objects = ComputedObjects<ImageStream, Int>(maximumBytes: 100_000)
        let runs = Mutex(0)
        for run in 1...3 { #expect(try await ask(objects, runs, present: 1, keeps: false) == ("1", run)) }
        #expect(try await ask(objects, runs, present: 1) == ("1", 4))
        #expect(try await ask(objects, runs, present: 2, keeps: false) == ("2", 5))
        #expect(try await ask(objects, runs, present: 1) == ("1", 6), "what was kept has gone with it")
    }
}
