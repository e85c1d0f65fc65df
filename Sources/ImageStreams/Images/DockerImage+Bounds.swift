import ImageAPI
import JSON

extension DockerImage {
    /// Bytes of labels and environment that are kept of one config: what is derived from content must stay small
    /// (spec/registry.md N-9).
    static let maximumConfigBytes = 256 << 10

    /// Drops labels, the last by name first, and then variables, until what is left is small enough.
    /// - Returns: whether anything had to go.
    mutating func bound() -> Bool {
        guard var config else { return false }
        let labels = config.labels.sorted { Exactly.precedes($0.key, $1.key) }
        let environment = config.env.reduce(0) { $0 + $1.utf8.count }
        let all = labels.reduce(environment) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        guard all > Self.maximumConfigBytes else { return false }
        var room = Self.maximumConfigBytes
        config.env = config.env.filter { variable in
            guard variable.utf8.count <= room else { return false }
            room -= variable.utf8.count
            return true
        }
        var kept: [String: String] = [:]
        for (key, value) in labels where key.utf8.count + value.utf8.count <= room {
            room -= key.utf8.count + value.utf8.count
            kept[key] = value
        }
        config.labels = kept
        self.config = config
        return true
    }
}
