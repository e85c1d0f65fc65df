public import OCI

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What another registry has written into a directory: the layout of the reference and of distribution (spec/registry.md
/// 5.1), read with suspicion. Symbolic links are not followed, names and links are checked, everything else is passed
/// over and reported.
///
/// All calls wait for the disk.
public struct ReferenceDirectory: Sendable {
    /// A repository with what its links say.
    public struct Repository: Sendable, Hashable {
        public var name: String
        /// The digests under which blobs were linked, and the canonical ones they stand for.
        public var layers: [Digest: Digest] = [:]
        /// Those of manifests.
        public var revisions: [Digest: Digest] = [:]
        /// The manifests that tags point to. Where tags are in streams, these are not used.
        public var tags: [String: Digest] = [:]

        public init(
            name: String, layers: [Digest: Digest] = [:], revisions: [Digest: Digest] = [:],
            tags: [String: Digest] = [:]
        ) {
            self.name = name
            self.layers = layers
            self.revisions = revisions
            self.tags = tags
        }
    }

    /// The file of a blob.
    public struct Blob: Sendable, Hashable {
        /// As the path says.
        public var digest: Digest
        public var path: String
        /// Bytes.
        public var size: Int64
    }

    /// Something that was passed over.
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        public var path: String
        public var reason: String

        public var description: String { "\(path): \(reason)" }
    }

    let layout: BlobLayout

    /// - Parameter path: the directory above `docker/registry/v2`, or that itself.
    /// - Throws: `.io` with `ENOENT` where neither is there.
    public init(_ path: String) throws(BlobError) {
        let layout = BlobLayout(root: path)
        if try Disk.entry(layout.base)?.kind == .directory {
            self.layout = layout
            return
        }
        let suffix = "/docker/registry/v2"
        guard layout.root.hasSuffix(suffix), try Disk.entry(layout.root)?.kind == .directory else {
            throw .io(operation: "find \(layout.base)", errno: 2)
        }
        self.layout = BlobLayout(root: String(layout.root.dropLast(suffix.count)))
    }

    /// The directory above `docker/registry/v2`.
    public var root: String { layout.root }

    // MARK: Blobs

    /// Gives all files of blobs.
    public func forEachBlob(
        _ onBlob: (Blob) throws -> Void, onProblem: (Problem) throws -> Void
    ) throws {
        let blobs = layout.base + "/blobs"
        for algorithm in try Disk.names(in: blobs).sorted() {
            let folder = blobs + "/" + algorithm
            guard Digest.Algorithm(rawValue: algorithm) != nil, try isDirectory(folder) else {
                try onProblem(Problem(path: folder, reason: "no folder of blobs"))
                continue
            }
            for prefix in try Disk.names(in: folder).sorted() where try isDirectory(folder + "/" + prefix) {
                for name in try Disk.names(in: folder + "/" + prefix).sorted() {
                    let path = "\(folder)/\(prefix)/\(name)"
                    guard let digest = Digest("\(algorithm):\(name)"), name.hasPrefix(prefix), prefix.utf8.count == 2,
                        try isDirectory(path)
                    else {
                        try onProblem(Problem(path: path, reason: "no digest"))
                        continue
                    }
                    guard let entry = try Disk.entry(path + "/data"), entry.kind == .file else {
                        try onProblem(Problem(path: path, reason: "no file with the data"))
                        continue
                    }
                    try onBlob(Blob(digest: digest, path: path + "/data", size: entry.size))
                }
            }
        }
    }

    /// The file of one blob; nil where there is none.
    public func blob(_ digest: Digest) throws(BlobError) -> Blob? {
        let path = "\(layout.base)/blobs/\(digest.algorithm.rawValue)/\(digest.hex.prefix(2))/\(digest.hex)/data"
        guard let entry = try Disk.entry(path), entry.kind == .file else { return nil }
        return Blob(digest: digest, path: path, size: entry.size)
    }

    /// All bytes of a small blob that are those of its digest; nil where there is none.
    /// - Throws: `.tooLarge`, `.digestMismatch`.
    public func bytes(of blob: Blob, upTo limit: Int) throws(BlobError) -> [UInt8] {
        let file = try Disk.open(blob.path, O_RDONLY | O_NONBLOCK)
        let entry = try Disk.entry(file)
        guard entry.kind == .file else { throw .corrupt(blob.digest) }
        guard entry.size <= Int64(limit) else { throw .tooLarge }
        let bytes = try Disk.contents(of: file)
        let actual = Digest.compute(blob.digest.algorithm, of: bytes)
        guard actual == blob.digest else { throw .digestMismatch(expected: blob.digest, actual: actual) }
        return bytes
    }

    private func isDirectory(_ path: String) throws(BlobError) -> Bool { try Disk.entry(path)?.kind == .directory }

    // MARK: Repositories

    /// Gives all repositories, in the order of their names.
    public func forEachRepository(
        _ onRepository: (Repository) throws -> Void, onProblem: (Problem) throws -> Void
    ) throws {
        try forEachRepositoryName(
            { name in try onRepository(try repository(named: name, onProblem: onProblem)) }, onProblem: onProblem)
    }

    /// Gives the names of all repositories, in their order.
    public func forEachRepositoryName(
        _ onName: (String) throws -> Void, onProblem: (Problem) throws -> Void
    ) throws {
        try descend("", onName, onProblem)
    }

    /// The longest name of a repository.
    private static let longestName = 255

    private func descend(
        _ name: String, _ onName: (String) throws -> Void, _ onProblem: (Problem) throws -> Void
    ) throws {
        let folder = name.isEmpty ? layout.repositories : layout.repositories + "/" + name
        let names = try Disk.names(in: folder).sorted()
        if !name.isEmpty, names.contains("_manifests") || names.contains("_layers") {
            try onName(name)
        }
        for part in names where !part.hasPrefix("_") {
            let inner = name.isEmpty ? part : name + "/" + part
            let path = layout.repositories + "/" + inner
            guard RepositoryName.isComponent(part), inner.utf8.count <= Self.longestName else {
                try onProblem(Problem(path: path, reason: "no name of a repository"))
                continue
            }
            guard try isDirectory(path) else {
                try onProblem(Problem(path: path, reason: "no directory"))
                continue
            }
            try descend(inner, onName, onProblem)
        }
    }

    /// What the links of one repository say.
    /// - Parameter name: as `forEachRepositoryName` gave it.
    public func repository(named name: String, onProblem: (Problem) throws -> Void) throws -> Repository {
        let folder = layout.repositories + "/" + name
        var repository = Repository(name: name)
        repository.layers = try links(folder + "/_layers", onProblem)
        repository.revisions = try links(folder + "/_manifests/revisions", onProblem)
        let tags = folder + "/_manifests/tags"
        guard try isDirectory(folder + "/_manifests"), try isDirectory(tags) else { return repository }
        for tag in try Disk.names(in: tags).sorted() {
            let path = tags + "/" + tag
            guard RepositoryName.isTag(tag), try isDirectory(path), try isDirectory(path + "/current") else {
                try onProblem(Problem(path: path, reason: "no tag"))
                continue
            }
            guard let digest = try link(path + "/current/link") else {
                try onProblem(Problem(path: path, reason: "the tag points to no digest"))
                continue
            }
            guard repository.revisions[digest] != nil else {
                try onProblem(Problem(path: path, reason: "the tag points to \(digest), which is not linked"))
                continue
            }
            repository.tags[tag] = digest
        }
        return repository
    }

    private func links(
        _ folder: String, _ onProblem: (Problem) throws -> Void
    ) throws -> [Digest: Digest] {
        var links: [Digest: Digest] = [:]
        guard try isDirectory(folder) else { return links }
        for algorithm in try Disk.names(in: folder).sorted() where try isDirectory(folder + "/" + algorithm) {
            for name in try Disk.names(in: folder + "/" + algorithm).sorted() {
                let path = "\(folder)/\(algorithm)/\(name)"
                guard let digest = Digest("\(algorithm):\(name)"), try isDirectory(path) else {
                    try onProblem(Problem(path: path, reason: "no digest"))
                    continue
                }
                // What was unlinked leaves its folder.
                guard try Disk.entry(path + "/link") != nil else { continue }
                guard let target = try link(path + "/link"), target == digest || target.algorithm != digest.algorithm
                else {
                    try onProblem(Problem(path: path, reason: "the link is damaged"))
                    continue
                }
                links[digest] = target
            }
        }
        return links
    }

    /// The digest in a link file; nil where it is none.
    private func link(_ path: String) throws(BlobError) -> Digest? {
        guard let entry = try Disk.entry(path), entry.kind == .file, entry.size <= 512,
            let file = try Disk.openIfPresent(path, 0)
        else { return nil }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 1)
        defer { memory.deallocate() }
        let count = try Disk.read(into: memory, from: file, at: 0)
        let text = String(decoding: memory[..<count], as: UTF8.self)
        return Digest(String(text.drop(while: \.isWhitespace).prefix { !$0.isWhitespace }))
    }
}
