import Foundation
import Testing

@Suite("How a server takes its leave")
struct ShutdownTests {
    @Test("Not ready any more comes first, and requests are still answered; whoever asks a second time need not wait")
    func delay() async throws {
        let scratch = try Scratch()
        let server = try await WeirProcess.start(scratch.path + "/data", ["--shutdown-delay-duration", "1h"])
        try await API.with(server) { api in
            try await api.createNamespace("p")
            server.child.signal(SIGTERM)
            try await eventually("the server is not ready any more") { try await api.get("/readyz").status == 500 }
            let verbose = try await api.get("/readyz?verbose")
            #expect(verbose.text.contains("[-]shutdown failed: reason withheld"))
            #expect(try await api.get("/livez").status == 200)
            // On a connection of before, and on a new one.
            #expect(try await api.createStream("a", in: "p").status == 201)
            try await API.with(server, http1Only: true) { api in
                let names = try await api.get(API.streams("p")).names()
                #expect(names == ["a"])
            }
        }
        #expect(server.child.isRunning)
        server.child.signal(SIGTERM)
        #expect(try await server.child.end() == 128 + SIGTERM)
    }

    @Test("After the delay watches end cleanly, and what was answered is in the audit log")
    func end() async throws {
        let scratch = try Scratch()
        let log = scratch.path + "/audit.log"
        let server = try await WeirProcess.start(
            scratch.path + "/data", ["--shutdown-delay-duration", "1s", "--audit-log", log])
        let began = try await API.with(server) { api in
            let watch = try await api.watch("/api/v1/namespaces?watch=1")
            var lines = Lines(body: watch.body).makeAsyncIterator()
            #expect(try await lines.next()?["type"] == "ADDED")
            try await api.createNamespace("p")
            let began = ContinuousClock.now
            server.child.signal(SIGTERM)
            // Throws where the stream breaks instead of ending.
            while let line = try await lines.next() { #expect(line["type"] != "ERROR") }
            return began
        }
        #expect(try await server.child.end() == 0, "\(server.child.errors)")
        #expect(began.duration(to: .now) >= .seconds(1))
        let text = try String(contentsOfFile: log, encoding: .utf8)
        #expect(text.contains(#""verb":"create""#))
        #expect(text.contains(#""stage":"ResponseComplete","requestURI":"/api/v1/namespaces?watch=1""#))
    }
}
