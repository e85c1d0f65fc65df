import JSON

extension ImageStream {
    /// The canonical form (image-resources 5): `spec.tags` and `status.tags` as maps keyed by the tag, later duplicates
    /// winning, in ascending order of the names' bytes; repositories without tag or digest.
    ///
    /// `repository` gives a pull spec without its tag or digest, or the text itself if it is none.
    ///
    /// Lists that are in this form already are not touched: they stay the same for whoever compares them later.
    public mutating func normalize(repository: (String) -> String = { $0 }) {
        if let tags = Self.unique(spec.tags, by: { $0.name }) { spec.tags = tags }
        if let tags = Self.unique(status.tags, by: { $0.tag }) { status.tags = tags }
        if !spec.dockerImageRepository.isEmpty {
            spec.dockerImageRepository = repository(spec.dockerImageRepository)
        }
        if !status.dockerImageRepository.isEmpty {
            status.dockerImageRepository = repository(status.dockerImageRepository)
        }
    }

    /// - Returns: nil where the elements are unique and in order.
    private static func unique<Element>(_ elements: [Element], by name: (Element) -> String) -> [Element]? {
        let isAscending = elements.indices.dropFirst().allSatisfy { index in
            Exactly.precedes(name(elements[index - 1]), name(elements[index]))
        }
        if isAscending { return nil }
        var latest: [ExactString: Element] = [:]
        for element in elements { latest[ExactString(name(element))] = element }
        return latest.values.sorted { Exactly.precedes(name($0), name($1)) }
    }
}
