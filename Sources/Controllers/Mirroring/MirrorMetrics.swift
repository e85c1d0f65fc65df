import APIServer
import ImageStreams

/// Figures of copying images into local storage.
public struct MirrorMetrics: Sendable {
    private let registry: MetricsRegistry
    private let copies: CounterFamily
    private let items: Counter
    private let bytes: Counter

    public init(_ registry: MetricsRegistry) {
        self.registry = registry
        copies = registry.counters(
            "weir_mirror_copies_total", help: "Images that were copied into local storage, by result.",
            labels: ["result"])
        items = registry.counters("weir_mirror_items_total", help: "Manifests and blobs that were copied.").counter()
        bytes = registry.counters("weir_mirror_bytes_total", help: "Size of the blobs that were copied.").counter()
        for result in ["success", "failed"] { _ = copies.counter(result) }
    }

    func show(_ backlog: MirrorBacklog) {
        registry.register { text in
            let counts = backlog.counts()
            text.begin(
                "weir_mirror_images", .gauge, help: "Images that streams want to be copied, by how far that is.")
            for state in MirrorBacklog.State.allCases { text.sample([("state", state.rawValue)], counts[state] ?? 0) }
        }
    }

    /// - Parameter content: what had to be copied; nothing where all was there.
    func copied(_ content: MirroredContent) {
        guard content.items > 0 else { return }
        copies.counter("success").add()
        items.add(content.items)
        bytes.add(Int(content.bytes))
    }

    func failed() { copies.counter("failed").add() }
}
