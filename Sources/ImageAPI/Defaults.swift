import APIMachinery

// Defaults set on every decoded object, also on those read from the store (image-resources 5). `importMode` is the
// cluster's default import mode, `Legacy` unless configured otherwise.

extension TagReferencePolicy {
    /// The integrated registry is not used: users get the pull spec the image came from.
    public static let source = "Source"
    /// Users get the pull spec of the integrated registry.
    public static let local = "Local"

    mutating func applyDefaults() {
        if type.isEmpty { type = Self.source }
    }
}

extension TagImportPolicy {
    /// A manifest list is resolved to the image of one platform.
    public static let legacy = "Legacy"
    /// A manifest list is kept as it is, with all its images.
    public static let preserveOriginal = "PreserveOriginal"

    mutating func applyDefaults(importMode mode: String) {
        if importMode.isEmpty { importMode = mode }
    }
}

extension TagReference {
    fileprivate var hasDefaults: Bool { !importPolicy.importMode.isEmpty && !referencePolicy.type.isEmpty }

    public mutating func applyDefaults(importMode: String) {
        importPolicy.applyDefaults(importMode: importMode)
        referencePolicy.applyDefaults()
    }
}

extension ImageStream {
    public mutating func applyDefaults(importMode: String) {
        // A list in which nothing is missing stays the same for whoever compares it later. (A condition in the loop is
        // not enough: the optimizer makes the list unique before it.)
        if spec.tags.allSatisfy(\.hasDefaults) { return }
        for index in spec.tags.indices { spec.tags[index].applyDefaults(importMode: importMode) }
    }
}

extension ImageStreamTag {
    public mutating func applyDefaults(importMode: String) {
        tag?.applyDefaults(importMode: importMode)
    }
}

extension ImageTag {
    public mutating func applyDefaults(importMode: String) {
        spec?.applyDefaults(importMode: importMode)
    }
}

extension ImageStreamImport {
    /// `tag` gives the tag of a pull spec, nil if it has none.
    public mutating func applyDefaults(importMode: String, tag: (String) -> String?) {
        for index in spec.images.indices {
            spec.images[index].importPolicy.applyDefaults(importMode: importMode)
            spec.images[index].referencePolicy.applyDefaults()
            if spec.images[index].to == nil, let name = tag(spec.images[index].from.name) {
                spec.images[index].to = LocalObjectReference(name: name)
            }
        }
        spec.repository?.importPolicy.applyDefaults(importMode: importMode)
        spec.repository?.referencePolicy.applyDefaults()
    }
}
