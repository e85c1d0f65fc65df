import APIMachinery
import HTTPTypes

/// One named condition of health; the text of a failure goes to the log, not to the client.
public struct HealthCheck: Sendable {
    public var name: String
    /// Which of the three endpoints ask it.
    public var endpoints: Set<String>
    public var check: @Sendable () async -> Bool

    public init(
        _ name: String, endpoints: Set<String> = ["healthz", "livez", "readyz"],
        check: @escaping @Sendable () async -> Bool
    ) {
        self.name = name
        self.endpoints = endpoints
        self.check = check
    }

    /// The server answers.
    public static let ping = HealthCheck("ping") { true }
}

/// `/healthz`, `/livez`, `/readyz` and each check by itself (spec/api-machinery.md 8.6).
struct HealthHandler: Sendable {
    let checks: [HealthCheck]

    func response(path: String, query: QueryParameters) async -> ServerResponse? {
        let parts = path.split(separator: "/").map(String.init)
        guard let endpoint = parts.first, ["healthz", "livez", "readyz"].contains(endpoint) else { return nil }
        let own = checks.filter { $0.endpoints.contains(endpoint) }
        if parts.count > 1 {
            let name = parts[1...].joined(separator: "/")
            guard let check = own.first(where: { $0.name == name }) else { return .text(404, "404 page not found\n") }
            return await check.check()
                ? .text(200, "ok") : .text(500, "internal server error: \(check.name) failed")
        }
        return await response(endpoint, own, query)
    }

    private func response(_ endpoint: String, _ checks: [HealthCheck], _ query: QueryParameters) async -> ServerResponse
    {
        var excluded = Set(query.all("exclude"))
        var lines: [String] = []
        var hasFailed = false
        for check in checks {
            if excluded.remove(check.name) != nil {
                lines.append("[+]\(check.name) excluded: ok")
            } else if await check.check() {
                lines.append("[+]\(check.name) ok")
            } else {
                hasFailed = true
                lines.append("[-]\(check.name) failed: reason withheld")
            }
        }
        if !excluded.isEmpty {
            let names = excluded.sorted().map(goQuoted).joined(separator: ", ")
            lines.append("warn: some health checks cannot be excluded: no matches for \(names)")
        }
        lines.append("\(endpoint) check \(hasFailed ? "failed" : "passed")")
        let text = lines.joined(separator: "\n") + "\n"
        if hasFailed { return .text(500, text) }
        return query["verbose"] == nil ? .text(200, "ok") : .text(200, text)
    }
}
