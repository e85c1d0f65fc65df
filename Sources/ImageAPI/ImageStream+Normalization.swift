extension ImageStream {
    /// The canonical form (image-resources 5): `spec.tags` and `status.tags` as maps keyed by the tag, later duplicates
    /// winning, in ascending order of the names' bytes; repositories without tag or digest.
    ///
    /// `repository` gives a pull spec without its tag or digest, or the text itself if it is none.
    public func normalized(repository: (String) -> String = { $0 }) -> ImageStream {
        var stream = self
        stream.spec.tags = unique(spec.tags, by: \.name)
        stream.status.tags = unique(status.tags, by: \.tag)
        if !spec.dockerImageRepository.isEmpty {
            stream.spec.dockerImageRepository = repository(spec.dockerImageRepository)
        }
        if !status.dockerImageRepository.isEmpty {
            stream.status.dockerImageRepository = repository(status.dockerImageRepository)
        }
        return stream
    }

    private func unique<Element>(_ elements: [Element], by name: KeyPath<Element, String>) -> [Element] {
        var ascending = true
        for index in elements.indices.dropFirst() {
            let previous = elements[index - 1][keyPath: name].utf8
            if !previous.lexicographicallyPrecedes(elements[index][keyPath: name].utf8) { ascending = false }
        }
        if ascending { return elements }
        var latest: [String: Element] = [:]
        for element in elements { latest[element[keyPath: name]] = element }
        return latest.values.sorted {
            $0[keyPath: name].utf8.lexicographicallyPrecedes($1[keyPath: name].utf8)
        }
    }
}
