import JSON
import OCI

/// Brings the streams of a bundle to a server, with the rights of whoever asks.
///
/// The whole bundle is read and checked first; a bad one changes nothing. What the server has is passed over, so it can be
/// ended and begun again at any time.
public struct BundleImport: Sendable {
    public struct Request: Sendable {
        /// Where to put it, instead of where it was: a namespace for all, or also the stream, and for an archive with one
        /// image the tag.
        public var target: BundleSelection?
        /// Make namespaces that do not exist.
        public var createsNamespaces = false
        /// Tags that were imported from elsewhere are to be here, too.
        public var keepsSources = false
        /// Only check the bundle.
        public var isDryRun = false

        public init() {}
    }

    /// What an import has done so far.
    public struct Tally: Hashable, Sendable {
        public var streams = 0
        /// That were set.
        public var tags = 0
        /// That were pushed.
        public var manifests = 0
        public var blobs = 0
        /// That were sent.
        public var bytes: Int64 = 0
        /// Blobs that were read and hashed.
        public var checked = 0
        /// Images that the server did not take.
        public var problems = 0

        public init() {}
    }

    public enum Event: Sendable {
        case stream(String, tags: Int)
        /// An image that the server does not take.
        case problem(place: String, message: String)
        case progress(Tally)
    }

    /// Nil where nothing is sent.
    let session: ServerSession?

    public init(_ session: ServerSession?) { self.session = session }

    /// - Throws: `BundleError`.
    public func run(
        _ path: String, _ request: Request, onEvent: @escaping (Event) async throws -> Void
    ) async throws -> Tally {
        let plan = try BundlePlan.open(path)
        var check = BundleCheck(plan)
        var tally = Tally()
        try await plan.forEachStream(request) { stream in
            try await check.check(stream) { count in
                tally.checked = count
                try await onEvent(.progress(tally))
            }
            guard let session else {
                tally.streams += 1
                tally.tags += stream.tags.count
                return try await onEvent(.stream("\(stream.namespace)/\(stream.name)", tags: stream.tags.count))
            }
            // Before anything is sent.
            try await StreamImport(session: session, plan: plan, request: request).prepare(stream)
        }
        guard let session, !request.isDryRun else { return tally }
        // What an earlier bundle has brought must be there before anything else is changed.
        try await plan.forEachStream(request) { stream in
            try await StreamImport(session: session, plan: plan, request: request).requireEarlier(stream)
        }
        var sent: [Digest: String] = [:]
        try await plan.forEachStream(request) { stream in
            let work = StreamImport(session: session, plan: plan, request: request)
            let tags = try await work.run(stream, &sent, &tally) {
                try await onEvent(.problem(place: $0, message: $1))
            } progress: {
                try await onEvent(.progress($0))
            }
            tally.streams += 1
            try await onEvent(.stream("\(stream.namespace)/\(stream.name)", tags: tags))
        }
        return tally
    }
}

/// Reads all that a bundle is made of before anything is sent.
struct BundleCheck {
    private let plan: BundlePlan
    private var done: Set<Digest> = []
    /// Indexes in indexes end here.
    static let maximumDepth = 8

    init(_ plan: BundlePlan) { self.plan = plan }

    /// - Throws: `BundleError` for anything that is missing or wrong.
    mutating func check(_ stream: BundledStream, progress: (Int) async throws -> Void) async throws {
        for image in stream.tags + stream.manifests {
            try await check(image.digest, image.mediaType, of: image.place(in: stream), depth: 0, progress)
        }
    }

    private mutating func check(
        _ digest: Digest, _ mediaType: String, of name: String, depth: Int, _ progress: (Int) async throws -> Void
    ) async throws {
        guard done.insert(digest).inserted else { return }
        try await progress(done.count)
        guard depth <= Self.maximumDepth else { throw BundleError.hostile(reason: "\(name) is nested too deeply") }
        let manifest = try plan.manifest(digest, mediaType, of: name)
        for blob in manifest.blobs { try await check(blob, of: name, progress) }
        for child in manifest.children where plan.archive.has(child.digest) {
            if child.isManifest {
                try await check(child.digest, child.mediaType, of: name, depth: depth + 1, progress)
            } else {
                try await check(child, of: name, progress)
            }
        }
    }

    private mutating func check(
        _ blob: Descriptor, of name: String, _ progress: (Int) async throws -> Void
    ) async throws {
        guard let size = plan.archive.size(of: blob.digest) else {
            if plan.contents?.required.contains(blob.digest) == true { return }
            throw BundleError.missing(blob.digest, of: name)
        }
        guard size == blob.size else {
            throw BundleError.damaged(
                reason: "\(blob.digest) of \(name) has \(size) bytes, and should have \(blob.size)")
        }
        guard done.insert(blob.digest).inserted else { return }
        try Task.checkCancellation()
        try plan.archive.verify(blob.digest)
        try await progress(done.count)
    }
}

extension BundlePlan {
    /// A manifest of the archive, verified.
    func manifest(_ digest: Digest, _ mediaType: String, of name: String) throws(BundleError) -> BundledManifest {
        try BundledManifest(digest, try archive.document(digest, of: name), mediaType: mediaType)
    }
}
