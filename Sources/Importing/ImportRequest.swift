/// What becomes of manifest lists: one platform's image, or the list with everything in it.
public enum ImportMode: String, CaseIterable, Hashable, Sendable {
    case legacy = "Legacy"
    case preserveOriginal = "PreserveOriginal"
}

/// One entry of `spec.images` (`spec/import-and-controllers.md` A.13).
public struct ImageImportEntry: Hashable, Sendable {
    /// The pull spec as written, `from.name`.
    public var from: String
    public var mode: ImportMode
    public var insecure: Bool
    /// Of the spec tag's annotations; empty means the configured default. Digests ignore both.
    public var preferredArchitecture: String
    public var preferredOS: String

    public init(
        from: String, mode: ImportMode = .legacy, insecure: Bool = false, preferredArchitecture: String = "",
        preferredOS: String = ""
    ) {
        self.from = from
        self.mode = mode
        self.insecure = insecure
        self.preferredArchitecture = preferredArchitecture
        self.preferredOS = preferredOS
    }
}

/// `spec.repository`: the tags of a repository by priority (A.18).
public struct RepositoryImportEntry: Hashable, Sendable {
    public var from: String
    public var mode: ImportMode
    public var insecure: Bool

    public init(from: String, mode: ImportMode = .legacy, insecure: Bool = false) {
        self.from = from
        self.mode = mode
        self.insecure = insecure
    }
}

/// Everything one import asks for.
public struct ImportRequest: Hashable, Sendable {
    public var images: [ImageImportEntry]
    public var repository: RepositoryImportEntry?

    public init(images: [ImageImportEntry] = [], repository: RepositoryImportEntry? = nil) {
        self.images = images
        self.repository = repository
    }
}
