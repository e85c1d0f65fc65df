import ImageAPI
import ImageStreams
import OCI
import Testing

@testable import Registry

@Suite("Where the images of a stream came from")
struct UpstreamSourceTests {
    private static let own = "registry.internal:5000"

    private func sources(_ stream: ImageStream) -> UpstreamSources {
        UpstreamSources(stream) { $0.registry == Self.own }
    }

    private func source(_ host: String, _ path: String, isInsecure: Bool = false) -> UpstreamSource {
        UpstreamSource(repository: RepositoryName(host: host, path: path), isInsecure: isInsecure)
    }

    private func insecure(_ tag: String) -> TagReference {
        var policy = TagImportPolicy()
        policy.insecure = true
        return TagReference(name: tag, importPolicy: policy)
    }

    @Test("The newest event with an image says where it came from")
    func newest() {
        let image = digest("a")
        let stream = stream([
            (tag: "one", events: [event(image, from: "old.example/team/app@\(image)", at: 10)]),
            (
                tag: "two",
                events: [
                    event(digest("b"), from: "other.example/x/y@\(digest("b"))", at: 30),
                    event(image, from: "new.example/team/app@\(image)", at: 20),
                ]
            ),
        ])
        let found = sources(stream)
        #expect(found.source(ofImage: image.description) == source("new.example", "team/app"))
        #expect(found.source(ofImage: digest("b").description) == source("other.example", "x/y"))
        #expect(found.source(ofImage: digest("c").description) == nil)
    }

    @Test(
        "What names this registry, nothing, or what is no pull spec is nobody to ask",
        arguments: ["", "\(own)/team/app@\(digest("a"))", "UPPER/case", "a b", "registry.example.com"])
    func nobody(_ reference: String) {
        let found = sources(stream([(tag: "v1", events: [event(digest("a"), from: reference)])]))
        #expect(found.source(ofImage: digest("a").description) == nil)
        #expect(found.all().isEmpty)
    }

    @Test("An older event from elsewhere counts where the newest is of this registry")
    func ownIsNewer() {
        let image = digest("a")
        let found = sources(
            stream([
                (
                    tag: "v1",
                    events: [
                        event(image, from: "\(Self.own)/team/app@\(image)", at: 20),
                        event(image, from: "up.example/team/app@\(image)", at: 10),
                    ]
                )
            ]))
        #expect(found.source(ofImage: image.description) == source("up.example", "team/app"))
    }

    @Test("A short name is one of Docker Hub")
    func hub() {
        let found = sources(stream([(tag: "v1", events: [event(digest("a"), from: "nginx@\(digest("a"))")])]))
        #expect(found.source(ofImage: digest("a").description) == source("docker.io", "library/nginx"))
    }

    @Test("Present sources come first, secure ones before others, then by name; each once")
    func order() {
        var stream = stream([
            (
                tag: "a",
                events: [
                    event(digest("1"), from: "z.example/x/now@\(digest("1"))"),
                    event(digest("2"), from: "a.example/x/old@\(digest("2"))"),
                ]
            ),
            (tag: "b", events: [event(digest("3"), from: "c.example/x/insecure@\(digest("3"))")]),
            (
                tag: "c",
                events: [
                    event(digest("4"), from: "b.example/x/now@\(digest("4"))"),
                    event(digest("5"), from: "z.example/x/now@\(digest("5"))"),
                ]
            ),
        ])
        stream.spec.tags = [insecure("b")]
        #expect(
            sources(stream).all() == [
                source("b.example", "x/now"), source("z.example", "x/now"),
                source("c.example", "x/insecure", isInsecure: true), source("a.example", "x/old"),
            ])
    }

    @Test("A stream that is insecure makes all its sources so")
    func insecureStream() {
        let image = digest("a")
        let found = sources(
            stream(
                [(tag: "v1", events: [event(image, from: "up.example/team/app@\(image)")])],
                annotations: [KnownAnnotation.insecureRepository: "true"]))
        #expect(found.source(ofImage: image.description)?.isInsecure == true)
    }

    @Test("Only the word true makes a stream insecure", arguments: ["", "false", "True", "1"])
    func secureStream(_ value: String) {
        let image = digest("a")
        let found = sources(
            stream(
                [(tag: "v1", events: [event(image, from: "up.example/team/app@\(image)")])],
                annotations: [KnownAnnotation.insecureRepository: value]))
        #expect(found.source(ofImage: image.description)?.isInsecure == false)
    }

    /// Spec/registry.md 4.3, 2.
    @Test("An insecure tag makes the sources on its host insecure, and no others")
    func spreads() {
        var stream = stream([
            (tag: "a", events: [event(digest("1"), from: "up.example/x/one@\(digest("1"))")]),
            (tag: "b", events: [event(digest("2"), from: "up.example/x/two@\(digest("2"))")]),
            (tag: "c", events: [event(digest("3"), from: "other.example/x/three@\(digest("3"))")]),
        ])
        stream.spec.tags = [insecure("a")]
        let all = sources(stream).all()
        #expect(Set(all.filter(\.isInsecure).map(\.repository.path)) == ["x/one", "x/two"])
    }

    @Test("Not more than so many are tried for one blob")
    func bounded() {
        let events = (0..<100).map { event(digest("a"), from: "up\($0).example/x/y@\(digest("a"))") }
        #expect(sources(stream([(tag: "v1", events: events)])).all().count == UpstreamSources.maximum)
    }
}
