import Foundation
import Testing

@Suite("The life of a server")
struct LifecycleTests {
    @Test("SIGTERM ends open watches cleanly and the process with 0")
    func gracefulShutdown() async throws {
        let scratch = try Scratch()
        let server = try await WeirProcess.start(scratch.path + "/data")
        for http1Only in [false, true] {
            try await API.with(server, http1Only: http1Only) { api in
                let answer = try await api.get("/readyz")
                #expect(answer.text == "ok")
            }
        }
        let (began, ended) = try await API.with(server, http1Only: true) { api in
            try await API.with(server) { api2 in
                // One watch over HTTP/1.1, one over HTTP/2, and a connection in the middle of a request.
                let watches = [
                    try await api.watch("/api/v1/namespaces?watch=1"),
                    try await api2.watch("/api/v1/namespaces?watch=1"),
                ]
                let idle = try await RawConnection(server)
                try await idle.send("GET /healthz HTTP/1.1\r\nHost: x\r\n")
                var iterators = watches.map { Lines(body: $0.body).makeAsyncIterator() }
                for index in iterators.indices {
                    #expect(try await iterators[index].next()?["type"] == "ADDED")
                }
                let began = ContinuousClock.now
                server.child.signal(SIGTERM)
                for index in iterators.indices {
                    // Throws where the stream breaks instead of ending.
                    while let line = try await iterators[index].next() { #expect(line["type"] != "ERROR") }
                }
                let exit = try await server.child.end(within: .seconds(15))
                #expect(exit == 0, "\(server.child.errors)")
                return (began, ContinuousClock.now)
            }
        }
        #expect(began.duration(to: ended) < .seconds(10))
    }

    @Test("SIGTERM ends the process with 0 also in its first moments")
    func earlyShutdown() async throws {
        for _ in 0..<8 {
            let scratch = try Scratch()
            let server = try await WeirProcess.start(scratch.path + "/data")
            server.child.signal(SIGTERM)
            #expect(try await server.child.end(within: .seconds(15)) == 0, "\(server.child.errors)")
        }
    }

    @Test("A second server on the same directory is refused, and says so")
    func locked() async throws {
        try await WeirProcess.run { server, api in
            let second = try WeirProcess.launch(server.directory)
            #expect(try await second.end() == 1)
            #expect(second.errors.contains("in use by the process \(server.child.pid)"), "\(second.errors)")
            #expect(second.errors.contains("choose another directory"))
            #expect(second.output.isEmpty)
            #expect(try await api.get("/readyz").status == 200)
        }
    }

    @Test(
        "A damaged database is not served, and the message says what to do",
        arguments: ["no database", "damaged pages"])
    func corrupt(_ how: String) async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/data"
        let server = try await WeirProcess.start(directory)
        try await API.with(server) { api in
            try await api.createNamespace("p")
            for index in 0..<20 { _ = try await api.createStream("s\(index)", in: "p", payload: 4_000) }
        }
        try await server.stop()
        let file = URL(fileURLWithPath: directory + "/store/store.db")
        var bytes = try Data(contentsOf: file)
        if how == "no database" {
            bytes = Data("This is no database, but somebody put it here anyway.".utf8)
        } else {
            // Past the header: only a look at the pages shows it.
            for index in 4096..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
        }
        try bytes.write(to: file)
        let again = try WeirProcess.launch(directory)
        #expect(try await again.end() == 1)
        #expect(again.errors.contains("damaged") && again.errors.contains("backup"), "\(again.errors)")
        #expect(again.output.isEmpty)
        #expect(try Data(contentsOf: file) == bytes, "the evidence stays as it was")
    }

    @Test("A port that is taken, an option that makes no sense, a directory that cannot be: a message and code 1")
    func refusals() async throws {
        try await WeirProcess.run { server, _ in
            let scratch = try Scratch()
            let taken = try ChildProcess(
                try WeirProcess.executable(),
                ["serve", "--data-dir", scratch.path + "/other", "--listen", "127.0.0.1:\(server.port)"])
            #expect(try await taken.end() == 1, "\(taken.errors)")
            #expect(taken.errors.contains("weir: "), "\(taken.errors)")
            #expect(taken.errors.contains("\(server.port)"), "\(taken.errors)")
            let odd = try WeirProcess.launch(scratch.path + "/odd", ["--import-mode", "Sometimes"])
            #expect(try await odd.end() == 1)
            #expect(odd.errors.contains("import-mode must be Legacy or PreserveOriginal"))
            let nowhere = try WeirProcess.launch("/proc/weir")
            #expect(try await nowhere.end() == 1)
            #expect(nowhere.errors.contains("/proc/weir"), "\(nowhere.errors)")
        }
    }

    @Test("Start to ready on an existing directory is measured")
    func startUp() async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/data"
        try await WeirProcess.run(directory) { _, api in
            try await api.createNamespace("p")
            for index in 0..<50 { _ = try await api.createStream("s\(index)", in: "p") }
        }
        var times: [Duration] = []
        for _ in 0..<3 {
            try await WeirProcess.run(directory) { server, api in
                times.append(server.readyAfter)
                let names = try await api.get(API.streams("p")).names()
                #expect(names.count == 50)
            }
        }
        print("start to ready (debug build, shared machine): \(times.map(\.description).joined(separator: ", "))")
    }

    @Test("Credentials are for their owner alone and survive a restart")
    func credentials() async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/data"
        let token = try await WeirProcess.run(directory) { server, _ in try server.token() }
        for (name, mode) in [("admin.token", 0o600), ("admin.kubeconfig", 0o600), ("ca.key", 0o600), ("", 0o700)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)")
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == mode, "\(name)")
        }
        try await WeirProcess.run(directory) { server, api in
            let now = try server.token()
            #expect(now == token)
            let answer = try await api.get("/api/v1/namespaces")
            #expect(answer.status == 200)
        }
    }
}
