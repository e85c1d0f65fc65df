import Synchronization

/// Collects the warnings of one request until its header is written (spec/api-machinery.md 1.10).
public final class WarningRecorder: Sendable {
    private let texts = Mutex<[String]>([])

    public init() {}

    /// Adds a warning; exact duplicates and texts with control characters are dropped.
    public func warn(_ text: String) {
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else { return }
        texts.withLock { if !$0.contains(text) { $0.append(text) } }
    }

    /// The values of the `Warning` headers, within the size rule: beyond 4096 characters in all, texts are cut to 256
    /// each and the rest is dropped.
    public var headerValues: [String] {
        let all = texts.withLock { $0 }
        let total = all.reduce(0) { $0 + $1.unicodeScalars.count }
        var budget = 4096
        var values: [String] = []
        for text in all {
            var shown = text
            if total > 4096 {
                shown = String(text.unicodeScalars.prefix(256))
                budget -= shown.unicodeScalars.count
                if budget < 0 { break }
            }
            let escaped = shown.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            values.append("299 - \"\(escaped)\"")
        }
        return values
    }
}
