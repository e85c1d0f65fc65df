import HTTPTypes
import ImageAPI
import Synchronization
import Testing

@testable import APIServer

@Suite("Flow control")
struct FlowControlTests {
    private static let alice = UserInfo(name: "alice")
    private static let admin = UserInfo(name: "root", groups: [UserInfo.masters])

    private static func info(_ method: String, _ resource: String = "imagestreams", _ query: String = "") -> RequestInfo
    {
        RequestInfo(
            method: method, path: "/apis/image.openshift.io/v1/namespaces/p/\(resource)", query: QueryParameters(query))
    }

    /// One that lets nobody wait.
    private static func strict(reads: Int, writes: Int) -> FlowControl {
        FlowControl(reads: reads, writes: writes, patience: .init(maximumPerFlow: 0))
    }

    /// One that lets requests wait as long as they like, so that the speed of the machine does not matter.
    private static func patient() -> FlowControl {
        FlowControl(reads: 1, writes: 1, patience: .init(longest: .seconds(86_400)))
    }

    private static func until(_ condition: () -> Bool) async {
        while !condition() { try? await Task.sleep(for: .milliseconds(1)) }
    }

    @Test("Reads and writes in flight are bounded apart")
    func bounds() async throws {
        let flow = Self.strict(reads: 2, writes: 1)
        let first = try await flow.admit(Self.info("GET"), Self.alice)
        _ = try await flow.admit(Self.info("GET"), Self.alice)
        await #expect(throws: FlowControl.Rejected.self) { try await flow.admit(Self.info("GET"), Self.alice) }
        let write = try await flow.admit(Self.info("POST"), Self.alice)
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            await #expect(throws: FlowControl.Rejected.self) { try await flow.admit(Self.info(method), Self.alice) }
        }
        first.release()
        write.release()
        _ = try await flow.admit(Self.info("GET"), Self.alice)
        _ = try await flow.admit(Self.info("DELETE"), Self.alice)
    }

    @Test("Watches, imports, probes and administrators need no place; 0 is no limit")
    func exemptions() async throws {
        let flow = Self.strict(reads: 1, writes: 1)
        _ = try await flow.admit(Self.info("GET"), Self.alice)
        _ = try await flow.admit(Self.info("POST"), Self.alice)
        for _ in 0..<10 {
            _ = try await flow.admit(Self.info("GET", "imagestreams", "watch=1"), Self.alice)
            _ = try await flow.admit(Self.info("POST", "imagestreamimports"), Self.alice)
            _ = try await flow.admit(Self.info("POST"), Self.admin)
            for path in ["/healthz", "/livez/ping", "/readyz"] {
                _ = try await flow.admit(
                    RequestInfo(method: "GET", path: path, query: QueryParameters("")), .anonymous)
            }
        }
        let open = FlowControl(reads: 0, writes: 0)
        for _ in 0..<1_000 { _ = try await open.admit(Self.info("GET"), Self.alice) }
    }

    @Test("A place that is given back goes to the flows in turn: a greedy user does not starve another")
    func fairness() async throws {
        let flow = Self.patient()
        let held = try await flow.admit(Self.info("GET"), UserInfo(name: "greedy"))
        let served = Journal()
        await withTaskGroup(of: Void.self) { group in
            func enter(_ name: String, expecting waiting: Int) async {
                group.addTask {
                    guard
                        let ticket = try? await flow.admit(
                            Self.info("GET"), UserInfo(name: name), limit: .seconds(86_400))
                    else { return }
                    served.note(name)
                    ticket.release()
                }
                await Self.until { flow.waiting.reads >= waiting }
            }
            for index in 1...50 { await enter("greedy", expecting: index) }
            // The 51st of the same user is turned away at once, another user is not.
            await #expect(throws: FlowControl.Rejected.self) {
                try await flow.admit(Self.info("GET"), UserInfo(name: "greedy"))
            }
            await enter("modest", expecting: 51)
            held.release()
        }
        let order = served.entries
        #expect(order.count == 51)
        #expect(order.prefix(2).contains("modest"), "\(order.prefix(5))")
        #expect(flow.waiting == (0, 0))
        _ = try await flow.admit(Self.info("GET"), Self.alice)
    }

    @Test("Who waits too long is turned away, and who goes away gives its turn up")
    func leaving() async throws {
        let flow = Self.patient()
        let held = try await flow.admit(Self.info("POST"), Self.alice)
        let late = await #expect(throws: FlowControl.Rejected.self) {
            try await flow.admit(Self.info("POST"), Self.alice, limit: .milliseconds(4))
        }
        #expect(late?.reason == .timeOut)
        let gone = Task { try await flow.admit(Self.info("POST"), Self.alice, limit: .seconds(86_400)) }
        await Self.until { flow.waiting.writes >= 1 }
        gone.cancel()
        let left = await #expect(throws: FlowControl.Rejected.self) { try await gone.value }
        #expect(left?.reason == .cancelled)
        #expect(flow.waiting.writes == 0)
        held.release()
        let next = try await flow.admit(Self.info("POST"), Self.alice)
        next.release()
        var text = Exposition()
        flow.write(to: &text)
        for reason in ["time-out", "cancelled"] {
            #expect(
                text.text.contains(
                    #"apiserver_flowcontrol_rejected_requests_total{priority_level="mutating",flow_schema="fair",reason="\#(reason)"} 1"#
                ))
        }
        #expect(text.text.contains(#"apiserver_current_inflight_requests{request_kind="mutating"} 0"#))
    }

    @Test("Places are never lost, whoever comes, waits, leaves or gives up")
    func accounting() async throws {
        let flow = FlowControl(reads: 3, writes: 1, patience: .init(maximumPerFlow: 4))
        let busy = Journal()
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<400 {
                group.addTask {
                    let work = Task {
                        let ticket = try await flow.admit(
                            Self.info("GET"), UserInfo(name: "user\(index % 5)"), limit: .milliseconds(index % 40))
                        busy.note("in")
                        await Task.yield()
                        busy.note("out")
                        ticket.release()
                    }
                    if index % 3 == 0 { work.cancel() }
                    _ = try? await work.value
                }
            }
        }
        var inside = 0
        for entry in busy.entries {
            inside += entry == "in" ? 1 : -1
            #expect(inside <= 3)
        }
        #expect(flow.waiting == (0, 0))
        var text = Exposition()
        flow.write(to: &text)
        #expect(text.text.contains(#"executing_requests{priority_level="readOnly",flow_schema="fair"} 0"#))
    }

    @Test(
        "All service accounts of a namespace are one flow",
        arguments: [
            ("alice", "alice"), ("system:serviceaccount:p:builder", "system:serviceaccounts:p"),
            ("system:serviceaccount:p", "system:serviceaccount:p"), ("system:node:a:b", "system:node:a:b"), ("", ""),
        ])
    func flows(_ user: String, _ flow: String) {
        #expect(FlowControl.flow(of: UserInfo(name: user)) == flow)
    }

    @Test("A request without a place is answered 429, with the time after which to try again")
    func answer() async throws {
        let gate = Gate()
        let api = TestAPI(others: [GatedBuilds(gate: gate)]) { $0.maximumReadsInFlight = 1 }
        let first = Task { try await api.send("GET", GatedBuilds.path) }
        await gate.entered()
        let answer = try await api.send(query: "timeout=20ms")
        #expect(answer.status == 429)
        #expect(text(answer.body) == "Too many requests, please try again later.\n")
        #expect(answer.headers[.retryAfter] == "1")
        #expect(answer.headers[.contentType] == "text/plain; charset=utf-8")
        // One that may wait gets its turn.
        let second = Task { try await api.send() }
        gate.open()
        #expect(try await first.value.status == 200)
        #expect(try await second.value.status == 200)
    }
}

/// What happened, in order.
private final class Journal: Sendable {
    private let notes = Mutex<[String]>([])
    var entries: [String] { notes.withLock { $0 } }
    func note(_ entry: String) { notes.withLock { $0.append(entry) } }
}

/// A place where a request waits until the test lets it go on.
final class Gate: Sendable {
    private let arrivals = AsyncStream.makeStream(of: Void.self)
    private let opening = AsyncStream.makeStream(of: Void.self)

    func pass() async {
        arrivals.continuation.yield()
        for await _ in opening.stream {}
    }

    func entered() async {
        var iterator = arrivals.stream.makeAsyncIterator()
        await iterator.next()
    }

    func open() { opening.continuation.finish() }
}

/// A resource whose reads wait at a gate.
struct GatedBuilds: GettableResource {
    typealias Object = ImageStream
    static let path = "/apis/image.openshift.io/v1/namespaces/p/builds/a"
    let gate: Gate

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: ImageStream.groupVersionKind.groupVersion, name: "builds",
            kind: ImageStream.groupVersionKind, isNamespaced: true)
    }

    func get(_ name: String, options: GetOptions, _ context: RequestContext) async throws -> Output<ImageStream> {
        await gate.pass()
        return Output(TestAPI.stream(name))
    }
}
