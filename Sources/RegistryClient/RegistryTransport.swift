import AsyncHTTPClient
import NIOCore

/// The connections to all registries.
///
/// Bodies that are streamed have connections of their own: however many there are, and however slow, requests with short
/// answers do not wait for them.
///
/// There is one per process. A class because it owns the pools, which `shutdown` must close.
public final class RegistryTransport: Sendable {
    public let configuration: RegistryClientConfiguration
    /// What registries said of the requests they still take.
    public let budgets = RegistryBudgets()
    let closedPaths = ClosedPaths()
    private let pools: ConnectionPools
    private let streams: ConnectionPools

    /// More than all who ask have turns for: to wait here would count as the registry's time.
    private static let connectionsPerHost = 64
    /// Whoever streams bounds how much of that there is.
    private static let streamsPerHost = 1024

    public init(configuration: RegistryClientConfiguration = .init()) {
        self.configuration = configuration
        pools = ConnectionPools(configuration, perHost: Self.connectionsPerHost)
        streams = ConnectionPools(configuration, perHost: Self.streamsPerHost)
    }

    /// Closes all connections; running requests fail.
    public func shutdown() async {
        await pools.shutdown()
        await streams.shutdown()
    }
}

/// One request, no redirects followed.
struct HTTPCall: Sendable {
    var method = "GET"
    var url: WebAddress
    var headers: [(name: String, value: String)] = []
    /// Bytes accepted of a successful answer.
    var maxBody: Int
    /// What the body is, for messages.
    var what: String
    var timeout: Duration
    var insecure: Bool
    /// Where to connect to, one after the other; none for what the name of the host means.
    var addresses: [HostAddress] = []
    /// The body of a successful answer is left to be read by whoever asked; `timeout` is for its head then.
    var isStreamed = false

    /// As Go writes it in errors.
    var verb: String { method.prefix(1) + method.dropFirst().lowercased() }
}

/// A complete answer.
struct HTTPReply: Sendable {
    var url: WebAddress
    var status: Int
    var reason: String
    var headers: HTTPFields
    var body: [UInt8]
    /// Of a streamed call: the body, which is in nobody's memory yet.
    var stream: HTTPClientResponse.Body?
    /// Keeps the connection of the stream.
    var lease: PinnedClients.Lease?

    var statusLine: String { reason.isEmpty ? "\(status)" : "\(status) \(reason)" }
    var isSuccess: Bool { (200...299).contains(status) }
}

/// Header lines; names ignore case.
struct HTTPFields: Sendable {
    private let lines: [(name: String, value: String)]

    init(_ lines: [(name: String, value: String)]) {
        self.lines = lines.map { ($0.name.lowercased(), $0.value) }
    }

    /// `name` in lower case.
    subscript(name: String) -> [String] { lines.filter { $0.name == name }.map(\.value) }
    func first(name: String) -> String? { lines.first { $0.name == name }?.value }
}

extension RegistryTransport {
    /// Sends one request and reads the answer whole, within the call's time and size.
    ///
    /// A successful answer longer than allowed is an error; one that reports an error is cut.
    func perform(_ call: HTTPCall) async throws(RegistryError) -> HTTPReply {
        let outcome: Result<HTTPReply, RegistryError>? = await withDeadline(call.timeout) {
            do throws(RegistryError) { return .success(try await self.exchange(call)) } catch { return .failure(error) }
        }
        guard let outcome else { throw .network(method: call.verb, url: "\(call.url)", .timedOut) }
        return try outcome.get()
    }

    private func pools(for call: HTTPCall) -> ConnectionPools { call.isStreamed ? streams : pools }

    private func exchange(_ call: HTTPCall) async throws(RegistryError) -> HTTPReply {
        let pinned = pools(for: call).pinned(for: call)
        for address in call.addresses.dropLast() {
            do { return try await exchange(call, pinned.lease(host: call.url.host, address: address)) } catch {
                guard case .network(_, _, let failure) = error, failure.kind == .refused || failure.kind == .other,
                    !Task.isCancelled
                else { throw error }
            }
        }
        guard let address = call.addresses.last else { return try await exchange(call, nil) }
        return try await exchange(call, pinned.lease(host: call.url.host, address: address))
    }

    private func exchange(_ call: HTTPCall, _ lease: PinnedClients.Lease?) async throws(RegistryError) -> HTTPReply {
        defer { withExtendedLifetime(lease) {} }
        var request = HTTPClientRequest(url: "\(call.url)")
        request.method = .init(rawValue: call.method)
        request.headers.add(name: "User-Agent", value: "weir/\(configuration.version)")
        for header in call.headers { request.headers.add(name: header.name, value: header.value) }
        do {
            if !call.insecure { request.tlsConfiguration = configuration.trust?.configuration(for: call.url) }
            let client = lease?.client ?? pools(for: call).client(for: call)
            // A streamed body may take its time, as long as something comes: the client's read timeout looks after that.
            let timeout = call.isStreamed ? TimeAmount.hours(24) : TimeAmount(call.timeout)
            let response = try await client.execute(request, timeout: timeout)
            let fails = response.status.code >= 300
            if call.isStreamed, !fails {
                return HTTPReply(
                    url: call.url, status: Int(response.status.code), reason: response.status.reasonPhrase,
                    headers: HTTPFields(response.headers.map { ($0.name, $0.value) }), body: [], stream: response.body,
                    lease: lease)
            }
            let limit = fails ? configuration.maxErrorBytes : call.maxBody
            let announced = response.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            if !fails, call.method != "HEAD", announced > limit {
                throw RegistryError.tooLarge(call.what, limit: limit)
            }
            var body: [UInt8] = []
            for try await chunk in response.body {
                body.append(contentsOf: chunk.readableBytesView.prefix(max(0, limit - body.count + 1)))
                guard body.count > limit else { continue }
                guard fails else { throw RegistryError.tooLarge(call.what, limit: limit) }
                body.removeLast(body.count - limit)
                break
            }
            return HTTPReply(
                url: call.url, status: Int(response.status.code), reason: response.status.reasonPhrase,
                headers: HTTPFields(response.headers.map { ($0.name, $0.value) }), body: body)
        } catch let error as RegistryError {
            throw error
        } catch {
            throw .network(method: call.verb, url: "\(call.url)", NetworkFailure(error, address: call.url))
        }
    }
}
