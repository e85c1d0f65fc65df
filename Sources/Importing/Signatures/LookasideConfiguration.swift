public import OCI

/// Where signatures of which images are looked for: the content of `registries.d` (`containers-registries.d(5)`).
///
///     let configuration = try LookasideConfiguration(files: [("a.yaml", text)])
///     configuration.store(for: reference).location(of: 1, for: image)
public struct LookasideConfiguration: Hashable, Sendable {
    /// What is said about one scope. What is not said is left to less specific scopes.
    public struct Place: Hashable, Sendable {
        public var store: LookasideStore?
        /// Whether signatures are also looked for as attachments, images with a tag of their own in the repository.
        public var usesAttachments: Bool?

        public init(store: LookasideStore? = nil, usesAttachments: Bool? = nil) {
            self.store = store
            self.usesAttachments = usesAttachments
        }
    }

    /// By scope: `host/repository@digest`, `host/repository`, `host/parent`, `host`, `*.domain`.
    public var scopes: [String: Place]
    /// For everything else (`default-docker`).
    public var standard: Place
    /// Fields that mean nothing, each with its file: they belong to other versions of the format, or are misspelt.
    public internal(set) var unknownFields: [String] = []

    public init(scopes: [String: Place] = [:], standard: Place = Place()) {
        self.scopes = scopes
        self.standard = standard
    }

    /// The store of the most specific scope that names one.
    public func store(for reference: RemoteReference) -> LookasideStore {
        value(for: reference, \.store) ?? .standard
    }

    /// What the most specific scope that says anything says of attachments.
    public func usesAttachments(for reference: RemoteReference) -> Bool {
        value(for: reference, \.usesAttachments) ?? false
    }

    private func value<Value>(for reference: RemoteReference, _ field: (Place) -> Value?) -> Value? {
        guard !scopes.isEmpty else { return field(standard) }
        for scope in reference.scopes {
            if let value = scopes[scope].flatMap(field) { return value }
        }
        return field(standard)
    }
}
