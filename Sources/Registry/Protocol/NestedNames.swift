import ImageAPI
import ImageStreams

/// What becomes of repository names with more than two components (spec/registry.md S-2).
public enum NestedNames: String, Sendable, CaseIterable {
    /// They are no names.
    case refuse
    /// `ns/a/b/c` is the stream `a.b.c` of `ns`. A stream remembers the name it was made by: `ns/a.b/c` is refused then.
    case flatten
}

extension RepositoryPath {
    /// What a stream gets that is made by this name.
    var annotations: [String: String] { nested.map { [KnownAnnotation.repositoryPath: $0] } ?? [:] }

    /// Two long names that become one stream would be mixed. The short name of a stream is always good.
    /// - Throws: `NAME_INVALID` where the stream was made by another name.
    func check(_ stream: ImageStream?) throws(RegistryError) {
        guard let nested, let stream else { return }
        let known = stream.metadata.annotations[KnownAnnotation.repositoryPath]
        guard known != nested else { return }
        throw .invalidName(
            name, "it leads to the image stream \(self), which was made as \(namespace)/\(known ?? self.stream)")
    }

    /// The path with the name by which clients know a stream.
    func named(by stream: ImageStream?) -> RepositoryPath {
        guard let nested = stream?.metadata.annotations[KnownAnnotation.repositoryPath],
            let path = try? RepositoryPath(parsing: "\(namespace)/\(nested)", nested: .flatten), path == self
        else { return self }
        return path
    }
}

extension RegistryCore {
    /// - Throws: `NAME_INVALID` where the stream of a long name was made by another one.
    func check(_ path: RepositoryPath) async throws {
        guard path.nested != nil else { return }
        try path.check(try await streams.stream(path.stream, namespace: path.namespace))
    }
}
