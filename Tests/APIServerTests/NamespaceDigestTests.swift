import APIMachinery
import ImageAPI
import Synchronization
import Testing

@testable import APIServer

@Suite("What follows from the objects of a namespace")
struct NamespaceDigestTests {
    @Test("is worked out again only when one of them has changed, and at once")
    func digest() async throws {
        try await Shelf.with { shelf in
            let runs = Mutex(0)
            let digest = NamespaceDigest(of: shelf.objects) { streams in
                runs.withLock { $0 += 1 }
                return streams.map { "\($0.metadata.name) \($0.metadata.labels["x"] ?? "")" }
            }
            #expect(try await digest.value(in: "p").isEmpty)
            try await shelf.create("b")
            try await shelf.create("a")
            try await shelf.create("c", in: "q")
            let before = runs.withLock { $0 }
            for _ in 0..<3 { #expect(try await digest.value(in: "p") == ["a ", "b "]) }
            #expect(runs.withLock { $0 } == before + 1)
            try await shelf.create("d", in: "q")
            #expect(try await digest.value(in: "p") == ["a ", "b "])
            #expect(runs.withLock { $0 } == before + 1, "another namespace is another matter")
            try await shelf.patch("b") { $0.metadata.labels["x"] = "1" }
            #expect(try await digest.value(in: "p") == ["a ", "b 1"])
            try await shelf.delete("a")
            #expect(try await digest.value(in: "p") == ["b 1"])
            try await shelf.create("b2")
            try await shelf.delete("b")
            #expect(try await digest.value(in: "p") == ["b2 "])
            #expect(try await shelf.objects.names(in: "q") == ["c", "d"])
            #expect(try await shelf.objects.names(in: "q", limit: 1) == ["c"])
            #expect(try await shelf.objects.names(in: "q", after: "c", limit: 1) == ["d"])
            #expect(try await shelf.objects.names(in: "q", after: "d").isEmpty)
            #expect(shelf.objects.count == 3)
            #expect(try await shelf.objects.occupiedNamespaces() == ["p", "q"])
        }
    }
}
