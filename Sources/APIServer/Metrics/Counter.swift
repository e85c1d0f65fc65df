import Synchronization

/// A figure that only grows.
public final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    public init() {}

    public func add(_ amount: Int = 1) { count.wrappingAdd(amount, ordering: .relaxed) }
    public var value: Int { count.load(ordering: .relaxed) }
}

/// Counters of one name, told apart by the values of their labels.
///
/// Whoever counts often asks for its counter once and keeps it. The number of label sets is bounded: beyond the bound
/// all new ones are counted together, with `other` for each label.
public final class CounterFamily: MetricSource {
    private let name: String
    private let help: String
    private let labels: [String]
    private let maximum: Int
    private let cells = Mutex<[[String]: Counter]>([:])

    public init(_ name: String, help: String, labels: [String] = [], maximum: Int = 1_000) {
        self.name = name
        self.help = help
        self.labels = labels
        self.maximum = maximum
    }

    /// The counter of a label set: one value for each label.
    public func counter(_ values: String...) -> Counter {
        precondition(values.count == labels.count, "\(name) has \(labels.count) labels")
        return cells.withLock { cells in
            if let cell = cells[values] { return cell }
            let key = cells.count < maximum ? values : labels.map { _ in "other" }
            if let cell = cells[key] { return cell }
            let cell = Counter()
            cells[key] = cell
            return cell
        }
    }

    public func write(to text: inout Exposition) {
        let cells = cells.withLock { $0 }
        text.begin(name, .counter, help: help)
        for (values, cell) in cells.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            text.sample(zip(labels, values).map { ($0, $1) }, cell.value)
        }
    }
}
