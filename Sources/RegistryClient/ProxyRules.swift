import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Which requests go through a proxy: by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, as programs in Go understand them
/// (spec/import-and-controllers.md A.11; golang.org/x/net/http/httpproxy). Pure.
public struct ProxyRules: Hashable, Sendable {
    /// A proxy, which is talked to without TLS.
    public struct Proxy: Hashable, Sendable {
        public enum Kind: Hashable, Sendable {
            /// Asked to `CONNECT`, also for requests without TLS.
            case http(Credentials?)
            case socks
        }

        public let host: String
        public let port: Int
        public let kind: Kind
    }

    /// A variable that cannot be followed.
    public struct Invalid: Error, Hashable, CustomStringConvertible {
        public let description: String
    }

    private let https: Proxy?
    private let http: Proxy?
    private let exceptions: [ProxyException]

    /// No proxy at all.
    public static let direct = ProxyRules(https: nil, http: nil, exceptions: [])

    private init(https: Proxy?, http: Proxy?, exceptions: [ProxyException]) {
        self.https = https
        self.http = http
        self.exceptions = exceptions
    }

    /// - Parameter environment: the variables in capitals come before those in small letters.
    public init(environment: [String: String]) throws(Invalid) {
        func value(_ name: String) -> (name: String, value: String)? {
            for name in [name, name.lowercased()] {
                if let value = environment[name], !value.isEmpty { return (name, value) }
            }
            return nil
        }
        func proxy(_ name: String) throws(Invalid) -> Proxy? {
            guard let (name, value) = value(name) else { return nil }
            return try Proxy(value, name)
        }
        let exceptions = value("NO_PROXY")?.value.split(separator: ",") ?? []
        self.init(
            https: try proxy("HTTPS_PROXY"), http: try proxy("HTTP_PROXY"),
            exceptions: exceptions.compactMap { ProxyException(String($0)) })
    }

    /// All proxies that are ever used.
    var proxies: Set<Proxy> { Set([https, http].compactMap { $0 }) }

    /// The proxy of a request; nil for none. Nobody else's proxy is asked for this machine itself.
    func proxy(for url: WebAddress) -> Proxy? {
        guard let proxy = url.scheme == "https" ? https : http else { return nil }
        let address = HostAddress.bytes(of: url.host)
        if url.host == "localhost" || address.map({ AddressScope($0) == .loopback }) == true { return nil }
        let port = url.port ?? (url.scheme == "https" ? 443 : 80)
        return exceptions.contains { $0.matches(url.host, address, port) } ? nil : proxy
    }
}

extension ProxyRules.Proxy {
    /// - Parameters:
    ///   - text: `[http://][user[:password]@]host[:port][/]`, or `socks5://host[:port]`.
    ///   - name: of the variable, for people.
    fileprivate init(_ text: String, _ name: String) throws(ProxyRules.Invalid) {
        guard let url = URLComponents(string: text.contains("://") ? text : "http://" + text),
            let host = url.host, !host.isEmpty
        else {
            // It may have a password in it.
            throw ProxyRules.Invalid(description: "\(name) is no URL of a proxy")
        }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        switch url.scheme?.lowercased() {
        case "http":
            port = url.port ?? 80
            kind = .http(url.user.map { Credentials(username: $0, password: url.password ?? "") })
        case "socks5", "socks5h":
            guard url.user == nil else {
                throw ProxyRules.Invalid(description: "\(name): a SOCKS proxy that asks for a user cannot be used")
            }
            port = url.port ?? 1080
            kind = .socks
        default:
            throw ProxyRules.Invalid(
                description: "\(name): a proxy is http:// or socks5://, not \(url.scheme ?? "")://")
        }
        guard (1...65_535).contains(port) else {
            throw ProxyRules.Invalid(description: "\(name): there is no port \(port)")
        }
    }
}

/// One entry of `NO_PROXY`: a name, which is for what is below it too, an address, a network, each perhaps with a port.
private enum ProxyException: Hashable, Sendable {
    case all
    case network([UInt8], bits: Int)
    case address([UInt8], port: Int?)
    /// With a dot in front.
    case domain(String, withItself: Bool, port: Int?)

    init?(_ text: String) {
        let entry = text.trimmingBlanks.lowercased()
        if entry == "*" {
            self = .all
        } else if let slash = entry.firstIndex(of: "/") {
            guard let bytes = HostAddress.bytes(of: String(entry[..<slash])),
                let bits = Int(entry[entry.index(after: slash)...]), (0...bytes.count * 8).contains(bits)
            else { return nil }
            self = .network(bytes, bits: bits)
        } else if let bytes = HostAddress.bytes(of: entry) {
            self = .address(bytes, port: nil)
        } else {
            var host = entry
            var port: Int?
            if let colon = entry.lastIndex(of: ":") {
                guard let number = UInt16(entry[entry.index(after: colon)...]) else { return nil }
                (host, port) = (String(entry[..<colon]), Int(number))
            }
            if let bytes = HostAddress.bytes(of: host) {
                self = .address(bytes, port: port)
                return
            }
            if host.hasPrefix("*.") { host.removeFirst() }
            guard !host.isEmpty, host != "." else { return nil }
            self =
                host.hasPrefix(".")
                ? .domain(host, withItself: false, port: port) : .domain("." + host, withItself: true, port: port)
        }
    }

    func matches(_ host: String, _ address: [UInt8]?, _ port: Int) -> Bool {
        switch self {
        case .all: true
        case .network(let network, let bits):
            address.map { $0.count == network.count && Self.isEqual($0, network, bits: bits) } ?? false
        case .address(let own, let ownPort): address == own && (ownPort ?? port) == port
        case .domain(let name, let withItself, let ownPort):
            (ownPort ?? port) == port && (host.hasSuffix(name) || withItself && host == name.dropFirst())
        }
    }

    private static func isEqual(_ left: [UInt8], _ right: [UInt8], bits: Int) -> Bool {
        let whole = bits / 8
        guard left[..<whole] == right[..<whole] else { return false }
        return bits % 8 == 0 || (left[whole] ^ right[whole]) >> (8 - bits % 8) == 0
    }
}
