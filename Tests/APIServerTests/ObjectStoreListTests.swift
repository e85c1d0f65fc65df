import APIMachinery
import APIServer
import ImageAPI
import Store
import Testing

@Suite("An object store, listing")
struct ObjectStoreListTests {
    private static func fill(_ shelf: Shelf, _ count: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<count {
                group.addTask {
                    let name = "s\(1000 + index)"
                    try await shelf.create(name, labels: ["parity": "\(index % 2)"], repository: "r/\(index % 3)")
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("selects by labels and fields")
    func selectors() async throws {
        try await Shelf.with { shelf in
            try await Self.fill(shelf, 6)
            try await shelf.create("s1000", in: "q")
            func names(_ labels: String = "", fields: String = "", in namespace: String = "p") async throws -> [String]
            {
                try await shelf.names(
                    ListOptions(
                        labelSelector: try LabelSelector(parsing: labels),
                        fieldSelector: try FieldSelector(parsing: fields)), in: namespace
                ).names
            }
            #expect(try await names("parity=1") == ["s1001", "s1003", "s1005"])
            #expect(try await names(fields: "spec.dockerImageRepository=r/0") == ["s1000", "s1003"])
            #expect(try await names("parity=1", fields: "spec.dockerImageRepository!=r/0") == ["s1001", "s1005"])
            #expect(try await names(fields: "metadata.name=s1000") == ["s1000"])
            #expect(try await names(fields: "metadata.name=s1000", in: "").count == 2)
            #expect(try await names(fields: "metadata.namespace=q", in: "") == ["s1000"])
            let unknown = await failure { try await names(fields: "spec.x=y") }
            #expect(unknown?.code == 400)
        }
    }

    @Test("fails where the state of a long list is gone before its end, and does not end early")
    func expiry() async throws {
        try await Shelf.with { shelf in
            try await Self.fill(shelf, 30)
            let list = try await shelf.objects.list(ListOptions(), context("p"))
            guard let rest = list.rest else {
                #expect(list.items.count == 30, "all were in memory")
                return
            }
            try await shelf.patch("s1029") { $0.metadata.labels["x"] = "y" }
            try await shelf.store.engine.compact(to: shelf.store.currentRevision)
            let error = await failure {
                for try await _ in rest {}
            }
            #expect(error?.code == 410)
        }
    }

    @Test("gives the same pages while others write")
    func paging() async throws {
        try await Shelf.with { shelf in
            try await Self.fill(shelf, 60)
            let before = try await shelf.names(in: "p").names
            let writer = Task {
                var index = 0
                while !Task.isCancelled {
                    index += 1
                    let label = "\(index)"
                    try await shelf.create("t\(index)")
                    try await shelf.patch("s\(1000 + index % 30)") { $0.metadata.labels["n"] = label }
                    if index <= 10 { try await shelf.delete("s\(1040 + index)") }
                }
            }
            let start = shelf.store.currentRevision
            while shelf.store.currentRevision < start + 5 { await Task.yield() }
            for limit in [1, 7, 60, 100] {
                // The first round pages over what was there when it began; later ones over newer states.
                let first = try await shelf.names(ListOptions(limit: limit), in: "p")
                let whole = try await shelf.names(
                    ListOptions(resourceVersion: first.metadata.resourceVersion, resourceVersionMatch: .exact), in: "p")
                var names = first.names
                var token = first.metadata.continue
                while !token.isEmpty {
                    let page = try await shelf.names(ListOptions(limit: limit, continueToken: token), in: "p")
                    #expect(page.metadata.resourceVersion == first.metadata.resourceVersion)
                    #expect(page.names.count <= limit)
                    names += page.names
                    token = page.metadata.continue
                }
                #expect(names == whole.names)
            }
            writer.cancel()
            _ = try? await writer.value
            #expect(try await shelf.names(in: "p").names != before)
        }
    }

    @Test("says how much remains, where nothing is selected")
    func remaining() async throws {
        try await Shelf.with { shelf in
            try await Self.fill(shelf, 5)
            let first = try await shelf.names(ListOptions(limit: 2), in: "p")
            #expect(first.metadata.remainingItemCount == 3)
            let last = try await shelf.names(ListOptions(limit: 3, continueToken: first.metadata.continue), in: "p")
            #expect(last.names.count == 3)
            #expect(last.metadata.remainingItemCount == nil && last.metadata.continue.isEmpty)
            let selected = ListOptions(labelSelector: try LabelSelector(parsing: "parity=0"), limit: 2)
            let page = try await shelf.names(selected, in: "p")
            #expect(page.names == ["s1000", "s1002"])
            #expect(page.metadata.remainingItemCount == nil && !page.metadata.continue.isEmpty)
            #expect(try await shelf.pages(selected, in: "p") == [["s1000", "s1002"], ["s1004"]])
            #expect(try await shelf.pages(ListOptions(limit: -5), in: "p").count == 1)
        }
    }

    @Test("goes on from the present state where the snapshot of a token is gone")
    func expired() async throws {
        try await Shelf.with { shelf in
            try await Self.fill(shelf, 6)
            let first = try await shelf.names(ListOptions(limit: 2), in: "p")
            try await shelf.delete("s1003")
            try await shelf.create("s9")
            try await shelf.store.engine.compact(to: shelf.store.currentRevision)
            let error = await failure {
                try await shelf.names(ListOptions(limit: 2, continueToken: first.metadata.continue), in: "p")
            }
            #expect(error?.code == 410)
            #expect(error?.reason == "Expired")
            let token = try #require(error?.status.metadata.continue)
            #expect(try ContinueToken(decoding: token).revision == -1)
            let rest = try await shelf.names(ListOptions(limit: 2, continueToken: token), in: "p")
            #expect(rest.names == ["s1002", "s1004"])
            #expect(
                try await shelf.names(ListOptions(continueToken: rest.metadata.continue), in: "p").names
                    == ["s1005", "s9"])
            let exact = await failure {
                try await shelf.names(
                    ListOptions(resourceVersion: first.metadata.resourceVersion, resourceVersionMatch: .exact), in: "p")
            }
            #expect(exact?.message == "The resourceVersion for the provided list is too old.")
        }
    }

    @Test("answers tokens and versions that make no sense", .timeLimit(.minutes(1)))
    func nonsense() async throws {
        try await Shelf.with { shelf in
            try await Self.fill(shelf, 3)
            func code(_ options: ListOptions) async -> Int? {
                await failure { try await shelf.names(options, in: "p") }?.code
            }
            let present = try await shelf.names(ListOptions(limit: 1), in: "p").metadata
            #expect(await code(ListOptions(continueToken: "nonsense")) == 400)
            #expect(await code(ListOptions(continueToken: present.continue, resourceVersion: "1")) == 400)
            #expect(await code(ListOptions(continueToken: present.continue, resourceVersion: "0")) == nil)
            #expect(await code(ListOptions(resourceVersion: "abc")) == 400)
            #expect(await code(ListOptions(resourceVersion: "-1")) == 400)
            #expect(await code(ListOptions(resourceVersion: "99999999999999999999")) == 400)
            let future = ContinueToken(revision: .max, start: "s1001\0").encoded
            #expect(await code(ListOptions(continueToken: future)) == 504)
            #expect(await code(ListOptions(resourceVersion: "999999", resourceVersionMatch: .exact)) == 504)
            // A token of another place, or of keys that cannot be, leads nowhere outside of the collection.
            for start in ["q/s1000\0", "\u{10FFFF}", "zzzz", "\u{1}", "p/../q"] {
                let token = ContinueToken(revision: -1, start: start).encoded
                let names = try? await shelf.names(ListOptions(continueToken: token), in: "p").names
                #expect((names ?? []).allSatisfy { $0.hasPrefix("s") })
            }
        }
    }

    @Test("waits for a version it has not seen yet, and gives up")
    func notOlderThan() async throws {
        try await Shelf.with { shelf in
            try await shelf.create("a")
            let next = shelf.store.currentRevision + 1
            async let waiting = shelf.names(
                ListOptions(resourceVersion: "\(next)", resourceVersionMatch: .notOlderThan), in: "p")
            try await shelf.create("b")
            #expect(try await waiting.names == ["a", "b"])
            let error = await failure {
                try await shelf.objects.get("a", options: GetOptions(resourceVersion: "999999"), context())
            }
            #expect(error?.code == 504)
            #expect(error?.status.details?.causes.first?.reason == "ResourceVersionTooLarge")
        }
    }
}
