import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL

/// A client of the log-in: it follows no redirects by itself, and keeps cookies as browsers do.
final class Browser {
    struct Answer {
        let status: Int
        let headers: HTTPHeaders
        let text: String

        func json() throws -> JSONValue { try JSONValue.parse(text) }
        var location: URLComponents? { headers.first(name: "location").flatMap { URLComponents(string: $0) } }
        /// A parameter of the address it redirects to.
        func parameter(_ name: String) -> String? { location?.queryItems?.first { $0.name == name }?.value }
        /// The value of a hidden field of the page's form.
        func field(_ name: String) -> String? {
            guard let start = text.range(of: #"name="\#(name)" value=""#)?.upperBound else { return nil }
            return String(text[start...].prefix { $0 != "\"" })
        }
    }

    let base: String
    private let client: HTTPClient
    private(set) var cookies: [String: String] = [:]

    static func with<Result>(_ server: WeirProcess, _ body: (Browser) async throws -> Result) async throws -> Result {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(server.authority))
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.redirectConfiguration = .disallow
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let result = try await body(Browser(base: server.url, client: client))
            try await client.shutdown()
            return result
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private init(base: String, client: HTTPClient) {
        self.base = base
        self.client = client
    }

    func forgetCookies() { cookies = [:] }

    /// - Parameter form: makes it a POST.
    func send(
        _ target: String, form: [(String, String)]? = nil, headers: [(String, String)] = [], method: HTTPMethod? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: target.hasPrefix("https://") ? target : base + target)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if !cookies.isEmpty {
            request.headers.add(name: "Cookie", value: cookies.map { "\($0)=\($1)" }.joined(separator: "; "))
        }
        if let form {
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(ByteBuffer(string: Self.encode(form)))
        }
        if let method { request.method = method }
        let response = try await client.execute(request, timeout: .seconds(30))
        for cookie in response.headers["set-cookie"] {
            let pair = cookie.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { cookies[String(pair[0])] = String(pair[1]) }
        }
        return Answer(
            status: Int(response.status.code), headers: response.headers,
            text: String(buffer: try await response.body.collect(upTo: 1 << 20)))
    }

    static func encode(_ fields: [(String, String)]) -> String {
        fields.map { name, value in
            let allowed = CharacterSet.alphanumerics.union(.init(charactersIn: "-._~"))
            return "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")"
        }.joined(separator: "&")
    }

    static func basic(_ name: String, _ password: String) -> (String, String) {
        ("Authorization", "Basic " + Data("\(name):\(password)".utf8).base64EncodedString())
    }
}
