import OCI

/// Which registries images may come from (spec/image-resources.md 9.11, spec/import-and-controllers.md A.6).
///
/// A value: `exempting` gives a list that lets further repositories through.
public struct RegistryAllowList: Sendable {
    /// How a pull spec would be reached.
    public enum Transport: Sendable {
        case secure
        /// HTTPS or HTTP: what `importPolicy.insecure` or the stream's annotation allow.
        case any
    }

    /// A configuration that cannot be understood.
    public struct ConfigurationError: Error, Sendable, Hashable {
        public var text: String
    }

    struct Rule: Sendable, Hashable {
        var host: String
        var port: String

        var description: String { "\"\(host):\(port)\"" }
    }

    /// Nil allows everything.
    private let rules: [Rule]?
    private var exempted: Set<String> = []

    /// Allows everything.
    public init() { rules = nil }

    /// - Parameter internalRegistry: `host[:port]`, always allowed; empty without one.
    /// - Throws: where an entry has more than one colon.
    public init(_ entries: [AllowedRegistry], internalRegistry: String) throws(ConfigurationError) {
        guard !entries.isEmpty else {
            rules = nil
            return
        }
        var rules: [Rule] = []
        var all = entries
        if !internalRegistry.isEmpty { all.insert(AllowedRegistry(domainName: internalRegistry), at: 0) }
        for entry in all {
            let rule = try Self.rule(entry)
            if !rules.contains(rule) { rules.append(rule) }
        }
        self.rules = rules
    }

    public var allowsEverything: Bool { rules == nil }

    private static func rule(_ entry: AllowedRegistry) throws(ConfigurationError) -> Rule {
        let parts = entry.domainName.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch parts.count {
        case 1: return Rule(host: parts[0], port: entry.insecure ? "80" : "443")
        case 2: return Rule(host: parts[0], port: parts[1])
        default:
            throw ConfigurationError(
                text: "failed to parse allowed registry \"\(entry.domainName)\": too many colons")
        }
    }

    /// A list that also allows the repositories of these pull specs, so that what is stored stays editable after the
    /// list was tightened. Texts that do not parse are passed over.
    public func exempting(_ pullSpecs: some Sequence<String>) -> RegistryAllowList {
        guard !allowsEverything else { return self }
        var list = self
        for text in pullSpecs {
            if let reference = try? ImageReference(parsing: text) { list.exempted.insert(Self.repository(reference)) }
        }
        return list
    }

    private static func repository(_ reference: ImageReference) -> String {
        reference.withClientDefaults().asRepository().exact
    }

    /// Why a pull spec is refused; nil where it is allowed.
    public func refusal(of reference: ImageReference, transport: Transport) -> String? {
        guard let rules else { return nil }
        if exempted.contains(Self.repository(reference)) { return nil }
        var host: String
        var port: String
        switch transport {
        case .secure:
            (host, port) = reference.registryHostPort(insecure: false)
        case .any:
            let parts = reference.registry.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            host = parts.first.map(String.init) ?? ""
            port = parts.count > 1 ? String(parts[1]) : ""
            if host.isEmpty { (host, _) = reference.registryHostPort(insecure: false) }
        }
        if isAllowed(host: host, port: port, rules: rules) { return nil }
        let shown =
            reference.registry.isEmpty ? (port.isEmpty ? host : "\(host):\(port)") : reference.registry
        return refusal(naming: shown, rules: rules)
    }

    /// As `refusal(of:transport:)`, for the source of an import, which is named with its port (A.6).
    public func importRefusal(of reference: ImageReference, insecure: Bool) -> String? {
        guard let rules else { return nil }
        let (host, port) = reference.registryHostPort(insecure: insecure)
        if isAllowed(host: host, port: port, rules: rules) { return nil }
        let subject = "\(host):\(port)"
        return "importing images from registry \"\(subject)\" is forbidden: \(refusal(naming: subject, rules: rules))"
    }

    private func isAllowed(host: String, port: String, rules: [Rule]) -> Bool {
        var hosts = [host]
        if host == "index.docker.io" || host == "registry-1.docker.io" { hosts.insert("docker.io", at: 0) }
        return hosts.contains { host in
            rules.contains { rule in
                guard Glob.matches(rule.host, host) else { return false }
                // Without a port the transport decides: either default port will do.
                return port.isEmpty ? ["80", "443", "*"].contains(rule.port) : Glob.matches(rule.port, port)
            }
        }
    }

    private func refusal(naming registry: String, rules: [Rule]) -> String {
        if rules.isEmpty { return "registry \"\(registry)\" not allowed by empty whitelist" }
        var text = rules.prefix(rules.count > 5 ? 4 : 5).map(\.description).joined(separator: ", ")
        if rules.count > 5 { text += ", and \(rules.count - 4) more ..." }
        return "registry \"\(registry)\" not allowed by whitelist: \(text)"
    }
}

/// Patterns with `*` for any run of characters and `?` for one; case counts.
enum Glob {
    static func matches(_ pattern: String, _ text: String) -> Bool {
        let pattern = Array(pattern.unicodeScalars)
        let text = Array(text.unicodeScalars)
        var p = 0
        var t = 0
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == "*" {
                star = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == "?" || pattern[p] == text[t] {
                p += 1
                t += 1
            } else if let last = star {
                // Let the last star swallow one character more.
                p = last.pattern + 1
                t = last.text + 1
                star = (last.pattern, t)
            } else {
                return false
            }
        }
        while p < pattern.count, pattern[p] == "*" { p += 1 }
        return p == pattern.count
    }
}
