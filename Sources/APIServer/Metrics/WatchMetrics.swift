import APIMachinery
import Synchronization

/// Figures of the watches of all resources (spec/api-machinery.md 8.7).
final class WatchMetrics: MetricSource {
    /// The figures of one resource.
    final class Cell: Sendable {
        fileprivate struct State {
            var events = HistogramValues(HistogramBounds.eventBytes)
            var unsized = 0
            var initial = 0
            var terminated = 0
        }

        fileprivate let labels: [(name: String, value: String)]
        fileprivate let state = Mutex(State())

        fileprivate init(_ descriptor: ResourceDescriptor) {
            labels = [
                ("group", descriptor.groupVersion.group), ("version", descriptor.groupVersion.version),
                ("resource", descriptor.name), ("kind", descriptor.kind.kind),
            ]
        }

        /// Counts events on their way to one watcher. Those that are not encoded yet are counted without their size.
        func count<Object>(_ events: [WatchEvent<Object>], isInitial: Bool) {
            guard !events.isEmpty else { return }
            state.withLock { state in
                for event in events {
                    if let size = event.object.encodedSize {
                        state.events.observe(Double(size))
                    } else {
                        state.unsized += 1
                    }
                }
                if isInitial { state.initial += events.count }
            }
        }

        /// Counts a watcher that was sent away because it could not keep up.
        func countTerminated() { state.withLock { $0.terminated += 1 } }
    }

    private let cells = Mutex<[Cell]>([])

    /// The cell of a resource, for as long as the server lives.
    func cell(for descriptor: ResourceDescriptor) -> Cell {
        let cell = Cell(descriptor)
        cells.withLock { $0.append(cell) }
        return cell
    }

    func write(to text: inout Exposition) {
        let all = cells.withLock { $0 }.map { (labels: $0.labels, state: $0.state.withLock { $0 }) }
            .filter { $0.state.events.count + $0.state.unsized + $0.state.terminated > 0 }
        text.begin("apiserver_watch_events_total", .counter, help: "Events sent to watchers.")
        for (labels, state) in all { text.sample(labels, state.events.count + state.unsized) }
        text.begin("apiserver_watch_events_sizes", .histogram, help: "Bytes of the objects of events sent to watchers.")
        for (labels, state) in all where state.events.count > 0 { text.histogram(labels, state.events) }
        text.begin("apiserver_init_events_total", .counter, help: "Events of the state that watches begin with.")
        for (labels, state) in all { text.sample(Array(labels[..<3]), state.initial) }
        text.begin(
            "apiserver_terminated_watchers_total", .counter, help: "Watchers that were ended because they fell behind.")
        for (labels, state) in all { text.sample(Array(labels[..<3]), state.terminated) }
    }
}
