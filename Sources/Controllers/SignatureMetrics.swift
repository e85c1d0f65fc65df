import APIServer

/// Figures of the import of signatures.
public struct SignatureMetrics: Sendable {
    /// What became of one look at an Image.
    enum Result: String {
        case imported
        /// All that was found is stored already.
        case nothingNew = "nothing-new"
        /// There are no signatures.
        case none
        case beyondLimit = "beyond-limit"
        case failed
        /// Nothing was asked: the Image is managed, or names no place, or had no signatures a while ago.
        case skipped
    }

    private let signatures: Counter
    private let looks: CounterFamily

    public init(_ registry: MetricsRegistry) {
        signatures = registry.counters(
            "weir_image_signatures_imported_total", help: "Signatures that were added to Images."
        ).counter()
        looks = registry.counters(
            "weir_image_signature_lookups_total", help: "Looks for signatures of an Image, by their result.",
            labels: ["result"])
        for result in [Result.imported, .nothingNew, .none, .beyondLimit, .failed] {
            _ = looks.counter(result.rawValue)
        }
    }

    func imported(_ count: Int) { signatures.add(count) }

    func looked(_ result: Result) {
        if result != .skipped { looks.counter(result.rawValue).add() }
    }
}
