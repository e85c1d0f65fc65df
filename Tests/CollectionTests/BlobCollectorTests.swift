import Blobs
import Foundation
import OCI
import Store
import Testing

@testable import ImageStreams
@testable import Registry

@Suite("The collector")
struct BlobCollectorTests {
    @Test("a blob that nothing refers to is given up after a day and removed after another")
    func twoSteps() async throws {
        try await World.run { world in
            let blob = try await world.upload("layer")
            #expect(try await world.collect().recent.blobs == 1)
            world.clock.pass(hours: 24)
            // The time of the last use is known coarsely.
            #expect(try await world.collect().recent.blobs == 1)
            world.clock.pass(hours: 0.25)
            let first = try await world.collect()
            #expect(first.condemned.blobs == 1 && first.condemned.bytes == 5 && first.links == 1)
            #expect(first.candidates.map(\.digest) == [blob.description])
            #expect(try await world.holds(blob))
            world.clock.pass(hours: 24)
            #expect(try await world.collect().waiting.blobs == 1)
            world.clock.pass(hours: 0.25)
            let second = try await world.collect()
            #expect(second.swept.blobs == 1 && second.swept.bytes == 5)
            #expect(try await world.files().isEmpty)
            #expect(try await world.keys(RegistryKeys.blobs).isEmpty)
            #expect(try await world.keys(RegistryKeys.layers).isEmpty)
            // And then the repository, which nobody made a stream of.
            #expect(try await world.keys(RepositoryRecord.prefix).isEmpty)
        }
    }

    @Test("what tags refer to stays, with all that it is made of, as long as any event of the history names it")
    func roots() async throws {
        try await World.run { world in
            let layers = try await [world.upload("a"), world.upload("b"), world.upload("shared")]
            let old = try await world.push("old", [layers[0], layers[2]], tags: ["v1"])
            let new = try await world.push("new", [layers[1], layers[2]], tags: ["v1"])
            let status = try await world.collectAll()
            #expect(status.reachable.blobs == 5)
            for digest in layers + [old, new] { #expect(try await world.holds(digest)) }
            try await world.deleteTag("v1")
            try await world.collectAll()
            #expect(try await world.files().isEmpty)
            #expect(try await world.keys(RegistryKeys.manifests).isEmpty)
        }
    }

    @Test("children of an index, and what refers to a manifest, live as long as that")
    func relations() async throws {
        try await World.run { world in
            let layer = try await world.upload("layer")
            let signature = try await world.upload("signature")
            let child = try await world.push("child", [layer])
            let index = try await world.push("index", children: [child], tags: ["v1"])
            let signer = try await world.push("signer", [signature], subject: child)
            try await world.collectAll()
            for digest in [layer, signature, child, index, signer] { #expect(try await world.holds(digest)) }
            #expect(try await world.keys(RegistryKeys.referrers).count == 1)
            try await world.deleteTag("v1")
            try await world.collectAll()
            #expect(try await world.files().isEmpty)
            #expect(try await world.keys(RegistryKeys.referrers).isEmpty)
        }
    }

    @Test("a manifest without a tag stays for a day after its last push or pull, or as long as its stream says")
    func untagged() async throws {
        try await World.run { world in
            let layer = try await world.upload("layer")
            let manifest = try await world.push("plain", [layer])
            let id = try await world.repository().id
            for _ in 0..<5 {
                world.clock.pass(hours: 20)
                let record = try #require(try await world.index.manifest(manifest, in: id))
                world.index.touch(manifest, record, in: id)
                #expect(try await world.head(manifest))
                #expect(try await world.head(layer))
                try await world.collect()
            }
            #expect(try await world.holds(manifest))
            #expect(try await world.holds(layer))
            var stream = try #require(try await world.streams.stream("app", namespace: "p"))
            stream.metadata.annotations[KnownAnnotation.untaggedRetention] = "forever"
            _ = try await world.streams.tags.write(stream, isNew: false, options: .init(), world.context())
            try await world.collectAll()
            #expect(try await world.holds(manifest))
            #expect(try await world.holds(layer))
            stream = try #require(try await world.streams.stream("app", namespace: "p"))
            stream.metadata.annotations = [:]
            _ = try await world.streams.tags.write(stream, isNew: false, options: .init(), world.context())
            try await world.collectAll()
            #expect(try await world.files().isEmpty)
        }
    }

    @Test("a blob that was given up and is used again stays: by HEAD, by a new link, by a push")
    func resurrection() async throws {
        try await World.run { world in
            let blobs = try await ["head", "link", "upload", "manifest", "none"].asyncMap { try await world.upload($0) }
            world.clock.pass(hours: 25)
            #expect(try await world.collect().condemned.blobs == 5)
            world.clock.pass(hours: 25)
            #expect(try await world.head(blobs[0]))
            #expect(try await world.index.link(blobs[1], into: try await world.repository()))
            try await world.upload("upload")
            try await world.push("m", [blobs[3]], tags: ["v1"])
            let status = try await world.collect()
            #expect(status.swept.blobs == 1 && status.swept.bytes == 4)
            for blob in blobs.dropLast() { #expect(try await world.holds(blob)) }
            #expect(try await !world.holds(blobs[4]))
        }
    }

    @Test("a use that nobody has written down yet is enough, and survives a crash by its flush")
    func touches() async throws {
        try await World.run { world in
            let blob = try await world.upload("layer")
            world.clock.pass(hours: 25)
            let record = try #require(try await world.index.blob(blob))
            world.index.touch(blob, record)
            #expect(try await world.collect().condemned.blobs == 0)
            // The run has written it down.
            let written = try #require(try await world.index.blob(blob))
            #expect(written.touched == world.clock.milliseconds)
        }
    }

    @Test("a tag in another repository keeps what it names; a deleted stream keeps nothing")
    func streams() async throws {
        try await World.run { world in
            let other = RepositoryPath(namespace: "q", stream: "web")
            let layer = try await world.upload("layer")
            let manifest = try await world.push("m", [layer], tags: ["v1"])
            try await world.push("m", [layer], tags: ["live"], to: other)
            let own = try await world.upload("own")
            try await world.push("n", [own], tags: ["v2"])
            try await world.deleteStream()
            world.clock.pass(hours: 25)
            #expect(try await world.collect().deadRows > 0)
            try await world.collectAll()
            #expect(try await world.holds(layer))
            #expect(try await world.holds(manifest))
            #expect(try await !world.holds(own))
            // A new stream of that name sees nothing of the old one.
            let id = try await world.repository().id
            #expect(try await world.keys(RegistryKeys.layers).allSatisfy { !$0.hasPrefix(id) })
            try await world.deleteStream(other)
            try await world.collectAll()
            #expect(try await world.files().isEmpty)
        }
    }

    @Test("a namespace that was made anew has nothing of the old one's uploads")
    func namespaces() async throws {
        try await World.run { world in
            try await world.upload("layer")
            world.namespaces.set("p", "2")
            try await world.collectAll()
            #expect(try await world.files().isEmpty)
            #expect(try await world.keys(RepositoryRecord.prefix).isEmpty)
        }
    }

    @Test("looking changes nothing and says what would go")
    func dryRun() async throws {
        try await World.run { world in
            try await world.upload("layer")
            world.clock.pass(hours: 25)
            let revision = world.store.currentRevision
            let dry = try await world.collect(dryRun: true)
            #expect(world.store.currentRevision == revision && dry.condemned.blobs == 1 && dry.links == 1)
            let real = try await world.collect()
            #expect(real.condemned == dry.condemned && real.links == dry.links && real.candidates == dry.candidates)
        }
    }

    @Test("files without a row go, those that are needed get their row back")
    func orphans() async throws {
        try await World.run { world in
            let layer = try await world.upload("layer")
            try await world.push("m", [layer], tags: ["v1"])
            let lost = try await world.blobs.put(Array("lost".utf8)).digest
            let trashed = try await world.blobs.put(Array("trash".utf8)).digest
            _ = try await world.blobs.condemn(trashed)
            _ = try await world.store.commit(Transaction(mutations: [.delete(key: RegistryKeys.blob(layer))]))
            #expect(try await world.collect(dryRun: true).orphans.blobs == 1)
            let status = try await world.collect()
            #expect(status.orphans.blobs == 1 && status.restored.blobs == 1)
            #expect(try await world.holds(layer))
            #expect(try await !world.files().contains(lost))
            #expect(try await !world.files().contains(trashed))
        }
    }

    @Test("uploads end after a week without a byte, and with their repository")
    func uploads() async throws {
        try await World.run { world in
            let repository = try await world.repository()
            for _ in 0..<2 { _ = try await world.blobs.beginUpload(UploadRecord(repository, user: "u").encoded) }
            let foreign = Incarnation(path: World.path, id: "gone")
            _ = try await world.blobs.beginUpload(UploadRecord(foreign, user: "u").encoded)
            // Times of uploads are real.
            #expect(try await world.collector { $0.uploadAge = .max }.run(.init()).uploads == 1)
            #expect(try await world.blobs.uploads(after: nil, limit: 10).count == 2)
            #expect(try await world.collector { $0.uploadAge = -1 << 60 }.run(.init()).uploads == 2)
            #expect(try await world.blobs.uploads(after: nil, limit: 10).isEmpty)
        }
    }

    @Test("a reference that comes after the mark keeps what is about to be swept")
    func lateReference() async throws {
        try await World.run { world in
            let layer = try await world.upload("layer")
            let manifest = try await world.push("m", [layer])
            world.clock.pass(hours: 25)
            try await world.collect()
            #expect(try await world.index.blob(layer)?.condemned != nil)
            world.clock.pass(hours: 25)
            // Between the mark and the removal somebody gives the image a tag through the API, without asking for a blob.
            let status = try await world.collector().run(.init()) { _ in
                try? await world.streams.push(
                    TagPush(
                        image: manifest.description, reference: "registry:5000/p/app@\(manifest)", tags: ["late"],
                        race: .lastWins), to: "app", world.context())
            }
            #expect(status.swept.blobs == 0)
            #expect(try await world.holds(layer))
            #expect(try await world.holds(manifest))
        }
    }
}

extension Array {
    func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
