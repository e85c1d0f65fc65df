import Configuration
import Registry

extension BlobScrubber.Settings {
    /// Reads how blobs are read again in the background.
    /// - Throws: `WeirConfiguration.Invalid`.
    init(_ reader: ConfigReader) throws {
        self.init()
        let seconds = reader.int(forKey: "scrubIntervalSeconds", default: Int(interval / 1_000))
        guard (0...315_360_000).contains(seconds) else {
            throw WeirConfiguration.Invalid(
                description: "scrub-interval-seconds must be 0 to 315360000, not \(seconds)")
        }
        interval = Int64(seconds) * 1_000
        let bytes = reader.int(forKey: "scrubBytesPerSecond", default: Int(bytesPerSecond))
        guard bytes >= 65_536 else {
            throw WeirConfiguration.Invalid(description: "scrub-bytes-per-second must be at least 65536, not \(bytes)")
        }
        bytesPerSecond = Int64(bytes)
    }
}
