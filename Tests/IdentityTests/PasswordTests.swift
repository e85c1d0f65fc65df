import Foundation
import Testing

@testable import Identity

@Suite("Passwords")
struct PasswordTests {
    /// Of "open sesame".
    private static let known = "$2y$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy"

    @Test("are known again by their hash, and nothing else is")
    func hashes() throws {
        let hash = try #require(PasswordHash(Self.known))
        #expect(hash.matches("open sesame"))
        for wrong in [
            "", "open sesam", "open sesame ", "open sesame\0x", "Open sesame", String(repeating: "x", count: 500),
        ] {
            #expect(!hash.matches(wrong), "\(wrong)")
        }
        let made = try #require(PasswordHash.make("pass", cost: 4))
        #expect(made.matches("pass") && !made.matches("Pass"))
        #expect(made != PasswordHash.make("pass", cost: 4))
        #expect(PasswordHash.make("") == nil)
        #expect(PasswordHash.make("a\0b") == nil)
        #expect(PasswordHash.make(String(repeating: "x", count: 73)) == nil)
    }

    @Test(
        "Hashes of other kinds, and those that cost too much, are not taken",
        arguments: [
            "", "secret", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "$apr1$x$y", "$1$abc$def",
            "$2x$04$" + String(repeating: "a", count: 53),
            "$2y$31$" + String(repeating: "a", count: 53), "$2y$03$" + String(repeating: "a", count: 53),
            "$2y$04$" + String(repeating: "a", count: 52) + ":",
        ])
    func otherHashes(_ text: String) { #expect(PasswordHash(text) == nil) }

    @Test("A file's lines are users; strangers cost as much as the most expensive one")
    func file() {
        let other = "$2y$05$" + String(repeating: "a", count: 53)
        let entries = HtpasswdEntries(
            "# people\nalice:\(Self.known)\n\nbroken\n:\(Self.known)\nbob:\(other)\nalice:\(other)\nold:{SHA}x\n")
        #expect(entries.names == ["alice", "bob"])
        #expect(entries["alice"]?.text == Self.known)
        #expect(entries.stranger?.cost == 5)
        #expect(HtpasswdEntries("").stranger?.cost == 12)
    }

    @Test("A file is changed line by line; what others wrote stays")
    func editing() throws {
        let hash = try #require(PasswordHash(Self.known))
        let text = "# people\nbob:x\nalice:y\nalice:z\n"
        #expect(
            HtpasswdEditing.setting("alice", to: hash, in: text) == "# people\nbob:x\nalice:\(Self.known)\n")
        #expect(HtpasswdEditing.setting("c", to: hash, in: "a:b") == "a:b\nc:\(Self.known)\n")
        #expect(HtpasswdEditing.removing("alice", from: text) == "# people\nbob:x\n")
        #expect(HtpasswdEditing.removing("carol", from: text) == nil)
    }

    @Test("A file is read again when it has changed")
    func changes() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weir-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "users").path
        let provider = HtpasswdProvider(file: HtpasswdFile(path: path))
        try "bob:\(Self.known)\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try await provider.verify(user: "bob", password: "open sesame"))
        #expect(try await !provider.verify(user: "alice", password: "open sesame"))
        try "alice:\(Self.known)\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try await provider.verify(user: "alice", password: "open sesame"))
        #expect(try await !provider.verify(user: "bob", password: "open sesame"))
    }

    @Test("Attempts are refused after so many wrong ones, until the time is over")
    func throttle() async throws {
        let time = ManualClock()
        let throttle = LoginThrottle(limits: .init(perUser: 3, perSource: 5, window: .seconds(60)), clock: { time.now })
        func attempt(_ user: String, _ source: String, _ isRight: Bool) async throws -> Bool? {
            do { return try await throttle.attempt(user: user, source: source) { isRight } } catch is LoginThrottle
                .Refused
            {
                return nil
            }
        }
        for _ in 0..<10 { #expect(try await attempt("a", "1", true) == true) }
        for _ in 0..<3 { #expect(try await attempt("a", "1", false) == false) }
        #expect(try await attempt("a", "2", true) == nil, "from elsewhere too")
        #expect(try await attempt("b", "1", false) == false)
        #expect(try await attempt("c", "1", false) == false)
        #expect(try await attempt("d", "1", true) == nil, "the address has failed five times")
        #expect(try await attempt("d", "2", true) == true)
        time.advance(.seconds(60))
        #expect(try await attempt("a", "1", true) == true)
        await #expect(throws: PasswordWorkers.Busy.self) {
            _ = try await throttle.attempt(user: "e", source: "9") { throw PasswordWorkers.Busy() }
        }
        #expect(try await attempt("e", "9", true) == true)
    }

    @Test("What the throttle remembers is bounded")
    func bound() async throws {
        let throttle = LoginThrottle(limits: .init(maximumEntries: 100))
        for number in 0..<500 {
            _ = try await throttle.attempt(user: "u\(number)", source: "s\(number)") { false }
        }
        #expect(throttle.count <= 100)
    }

    @Test("Workers do so much at a time, keep so many waiting, and turn the others away")
    func workers() async throws {
        let workers = PasswordWorkers(maximumRunning: 2, maximumWaiting: 3)
        let gate = DispatchSemaphore(value: 0)
        let results = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    do {
                        return try await workers.run {
                            gate.wait()
                            return true
                        }
                    } catch {
                        // Somebody was turned away, so all places are taken: let them go on.
                        for _ in 0..<5 { gate.signal() }
                        return false
                    }
                }
            }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(results.count == 20)
        #expect(results.contains(true) && results.contains(false))
    }
}
