import Synchronization

/// Observations counted by size. The last count is of those beyond all bounds.
public struct HistogramValues: Sendable {
    /// Upper bounds, inclusive, ascending.
    public let bounds: [Double]
    /// Observations up to each bound and above the one before.
    public private(set) var counts: [Int]
    public private(set) var sum = 0.0
    public private(set) var count = 0

    public init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    public mutating func observe(_ value: Double) {
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        counts[index] += 1
        sum += value
        count += 1
    }
}

/// Bounds that the reference uses for the same figures, so that its dashboards fit.
public enum HistogramBounds {
    /// Seconds of a request.
    public static let requestSeconds: [Double] = [
        0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
    ]
    /// Bytes of an answer: 1 kB to 1 GB.
    public static let responseBytes: [Double] = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
    /// Bytes of a watch event: 1 KiB to 128 KiB.
    public static let eventBytes: [Double] = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072]
    /// Seconds of a request to the store.
    public static let storeSeconds: [Double] = [
        0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
    ]
}

/// A histogram that is observed from many tasks.
public final class Histogram: Sendable {
    private let state: Mutex<HistogramValues>

    public init(_ bounds: [Double]) { state = Mutex(HistogramValues(bounds)) }

    public func observe(_ value: Double) { state.withLock { $0.observe(value) } }
    public var values: HistogramValues { state.withLock { $0 } }
}

extension Duration {
    /// For figures: seconds with a fraction.
    public var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
