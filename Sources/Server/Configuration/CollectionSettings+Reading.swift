import Configuration
import Registry

extension CollectionSettings {
    /// Reads how the collector works.
    /// - Throws: `WeirConfiguration.Invalid`.
    init(_ reader: ConfigReader) throws {
        self.init()
        let isUnsafe = reader.bool(forKey: "gcUnsafeGrace", default: false)
        let seconds = reader.int(forKey: "gcGraceSeconds", default: Int(grace / 1_000))
        let minimum = isUnsafe ? 0 : Int(Self.minimumGrace / 1_000)
        guard (minimum...31_536_000).contains(seconds) else {
            throw WeirConfiguration.Invalid(
                description: "gc-grace-seconds must be \(minimum) to 31536000, not \(seconds)")
        }
        grace = Int64(seconds) * 1_000
        if isUnsafe {
            window = 0
            minimumUntagged = grace
            settling = .milliseconds(100)
        }
        let interval = reader.int(forKey: "gcIntervalSeconds", default: Int(interval / 1_000))
        guard (0...604_800).contains(interval) else {
            throw WeirConfiguration.Invalid(description: "gc-interval-seconds must be 0 to 604800, not \(interval)")
        }
        self.interval = Int64(interval) * 1_000
        let cache = reader.int(forKey: "gcCacheSeconds", default: Int(cachePeriod / 1_000))
        guard cache == 0 || (minimum...315_360_000).contains(cache) else {
            throw WeirConfiguration.Invalid(
                description: "gc-cache-seconds must be 0 or \(minimum) to 315360000, not \(cache)")
        }
        cachePeriod = Int64(cache) * 1_000
        func bytes(_ key: ConfigKey, _ name: String) throws -> Int64 {
            let value = reader.int(forKey: key, default: 0)
            guard value >= 0 else {
                throw WeirConfiguration.Invalid(
                    description: "\(name) must be a number of bytes, or 0 for no bound, not \(value)")
            }
            return Int64(value)
        }
        cacheBytes = try bytes("gcCacheBytes", "gc-cache-bytes")
        cacheBytesOfNamespace = try bytes("gcCacheNamespaceBytes", "gc-cache-namespace-bytes")
        if let text = reader.string(forKey: "gcWindow"), !text.isEmpty {
            guard let window = DailyWindow(text) else {
                throw WeirConfiguration.Invalid(
                    description: "gc-window must be HH:MM-HH:MM in UTC, such as 01:00-05:00, not \"\(text)\"")
            }
            hours = window
        }
    }
}
