import Foundation
import JSON
import NIOCore
import OCI

/// Writes streams of a server with their images into a bundle, with the rights of whoever asks.
public struct BundleExport: Sendable {
    public struct Request: Sendable {
        public var selections: [BundleSelection] = []
        /// Of images for several platforms, only these; empty for all.
        public var platforms: [BundlePlatform] = []
        /// Also what refers to the images (`subject`), such as signatures, and what refers to that.
        public var referrers = false
        /// Also the tags in which cosign keeps signatures, attestations and SBOMs of selected tags.
        public var signatureTags = false
        /// A bundle whose blobs the other side has: they are left out.
        public var since: String?

        public init() {}
    }

    /// What an export has done so far.
    public struct Tally: Hashable, Sendable {
        public var streams = 0
        public var tags = 0
        public var manifests = 0
        public var blobs = 0
        /// That were written by this run.
        public var bytes: Int64 = 0
        /// That the earlier bundle has.
        public var omitted = 0
        public var problems = 0

        public init() {}
    }

    public enum Event: Sendable {
        /// Blobs of an earlier, interrupted run that are good.
        case resumed(blobs: Int)
        case stream(String, tags: Int)
        /// Something that is not in the bundle although it was asked for.
        case problem(place: String, message: String)
        case progress(Tally)
    }

    let session: ServerSession

    public init(_ session: ServerSession) { self.session = session }

    /// - Parameter path: of the file; nil for standard output.
    /// - Throws: `BundleError`. What was written by then is gone on with by the next run.
    public func run(
        _ request: Request, to path: String?, onEvent: @escaping (Event) async throws -> Void
    ) async throws -> Tally {
        var resumed = 0
        let writer = try BundleWriter(path) { resumed = $0 }
        let run = ExportRun(request, writer, onEvent)
        if resumed > 0 { try await onEvent(.resumed(blobs: resumed)) }
        if let since = request.since {
            let earlier = try BundlePlan.open(since)
            run.held = Set(earlier.archive.blobs.keys).union(earlier.contents?.required ?? [])
        }
        for (name, tags) in try await streams(of: request.selections) {
            let answer = try await session.require(.GET, StreamDocument.path(name))
            try await export(try JSONValue.parse(answer.body), tags, run)
        }
        guard run.tally.streams > 0 else {
            writer.discardIfEmpty()
            throw BundleError.unclear("nothing that was asked for exists")
        }
        let contents = run.contents.encoded
        let digest = Digest.sha256(of: contents)
        try writer.add(digest, contents)
        let index: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociIndex), "manifests": .array(run.descriptors),
            "annotations": [BundleContents.annotation: .string(digest.description)],
        ]
        try writer.finish(index: index.jsonBytes())
        return run.tally
    }

    // MARK: Streams

    /// Streams that are read at a time.
    private static let page = 100

    /// The streams that are asked for, `namespace/name`, each once, with the tags that are: nil for all of them.
    private func streams(of selections: [BundleSelection]) async throws -> [(name: String, tags: Set<String>?)] {
        var order: [String] = []
        var tags: [String: Set<String>?] = [:]
        for selection in selections {
            var names: [String] = []
            if let namespace = selection.namespace, let stream = selection.stream {
                names = ["\(namespace)/\(stream)"]
            } else {
                names = try await self.names(in: selection.namespace)
            }
            for name in names {
                let wanted: Set<String>? = selection.tag.map { [$0] }
                guard let known = tags[name] else {
                    order.append(name)
                    tags[name] = .some(wanted)
                    continue
                }
                if let known, let wanted { tags[name] = .some(known.union(wanted)) } else { tags[name] = .some(nil) }
            }
        }
        return order.map { ($0, tags[$0] ?? nil) }
    }

    private func names(in namespace: String?) async throws -> [String] {
        var names: [String] = []
        var next = ""
        repeat {
            let path = StreamDocument.path(in: namespace)
            let rest = next.isEmpty ? "" : "&continue=\(next)"
            let answer = try await session.require(.GET, "\(path)?limit=\(Self.page)\(rest)")
            let list = try JSONValue.parse(answer.body)
            for item in list["items"]?.arrayValue ?? [] {
                guard let metadata = item["metadata"], let namespace = metadata["namespace"]?.stringValue,
                    let name = metadata["name"]?.stringValue
                else { continue }
                names.append("\(namespace)/\(name)")
            }
            let token = list["metadata"]?["continue"]?.stringValue ?? ""
            next = token.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        } while !next.isEmpty
        return names
    }

    private func export(_ object: JSONValue, _ wanted: Set<String>?, _ run: ExportRun) async throws {
        guard let metadata = object["metadata"], let namespace = metadata["namespace"]?.stringValue,
            let name = metadata["name"]?.stringValue
        else { throw BundleError.server(status: 200, "the server sends a stream without a name") }
        var stream = BundledStream(
            namespace: namespace, name: name, metadata: StreamDocument.metadata(metadata),
            spec: StreamDocument.spec(object["spec"] ?? [:], tags: wanted))
        let all = StreamDocument.images(object)
        for tag in wanted ?? [] where all[tag] == nil {
            try await run.problem("\(namespace)/\(name):\(tag)", "there is no such tag, or it has no image")
        }
        let repository = RepositoryExport(
            session: session, repository: "\(namespace)/\(name)", platforms: run.request.platforms,
            referrers: run.request.referrers, run: run)
        for (tag, digest) in all.sorted(by: { $0.key < $1.key }) where wanted?.contains(tag) ?? true {
            guard let manifest = try await repository.export(tag: tag, digest) else { continue }
            stream.tags.append(.init(name: tag, digest: digest, mediaType: manifest))
        }
        if run.request.signatureTags, wanted != nil {
            for digest in repository.exported {
                for suffix in ["sig", "att", "sbom"] {
                    let tag = "\(digest.algorithm.rawValue)-\(digest.hex).\(suffix)"
                    guard let image = all[tag], !stream.tags.contains(where: { $0.name == tag }),
                        let manifest = try await repository.export(tag: tag, image)
                    else { continue }
                    stream.tags.append(.init(name: tag, digest: image, mediaType: manifest))
                }
            }
        }
        stream.manifests = repository.referring
        let document = stream.encoded
        let digest = Digest.sha256(of: document)
        try run.writer.add(digest, document)
        run.contents.streams.append(.init(namespace: namespace, name: name, digest: digest))
        run.tally.streams += 1
        run.tally.tags += stream.tags.count
        try await run.onEvent(.stream("\(namespace)/\(name)", tags: stream.tags.count))
    }
}

/// What one export has done so far. One task uses it.
final class ExportRun {
    let request: BundleExport.Request
    let writer: BundleWriter
    let onEvent: (BundleExport.Event) async throws -> Void
    var tally = BundleExport.Tally()
    var contents = BundleContents()
    var descriptors: [JSONValue] = []
    /// What the other side has.
    var held: Set<Digest> = []

    init(
        _ request: BundleExport.Request, _ writer: BundleWriter,
        _ onEvent: @escaping (BundleExport.Event) async throws -> Void
    ) {
        self.request = request
        self.writer = writer
        self.onEvent = onEvent
    }

    func problem(_ place: String, _ message: String) async throws {
        tally.problems += 1
        try await onEvent(.problem(place: place, message: message))
    }

    func advance() async throws {
        try Task.checkCancellation()
        tally.bytes = writer.bytes
        try await onEvent(.progress(tally))
    }
}
