import APIMachinery

/// Bounds the time of one request.
enum Deadline {
    /// - Throws: the 504 of spec/api-machinery.md 2.11 when `body` does not end in time; it is cancelled then.
    static func run(
        _ limit: Duration, _ body: @escaping @Sendable () async throws -> ServerResponse
    ) async throws -> ServerResponse {
        try await withThrowingTaskGroup(of: ServerResponse?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let response = first else {
                throw APIError.timeout("request did not complete within the allotted timeout")
            }
            return response
        }
    }
}

/// A duration as Go writes it: `10s`, `1m30s`, `1.5h`.
public struct GoDuration: Sendable {
    public let duration: Duration

    /// Nil for a text that is no duration.
    public init?(_ text: String) {
        if text == "0" {
            duration = .zero
            return
        }
        var rest = text[...]
        var sign = 1.0
        if let first = rest.first, first == "-" || first == "+" {
            sign = first == "-" ? -1 : 1
            rest = rest.dropFirst()
        }
        guard !rest.isEmpty else { return nil }
        var seconds = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let number = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            guard let scale = Self.units[String(unit)] else { return nil }
            rest = rest.dropFirst(unit.count)
            seconds += number * scale
        }
        guard seconds.isFinite, seconds < 1e9 else { return nil }
        duration = .milliseconds(Int64(sign * seconds * 1000))
    }

    private static let units: [String: Double] = [
        "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600,
    ]
}
