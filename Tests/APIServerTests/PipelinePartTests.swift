import APIMachinery
import Testing

@testable import APIServer

@Suite("Parts of the pipeline")
struct PipelinePartTests {
    @Test(
        "Durations as Go writes them",
        arguments: [
            ("0", .zero), ("0s", .zero), ("10s", .seconds(10)), ("1m30s", .seconds(90)), ("1.5h", .seconds(5_400)),
            ("250ms", .milliseconds(250)), ("1h1m1s1ms", .milliseconds(3_661_001)), ("-2s", .seconds(-2)),
            ("+2s", .seconds(2)), (".5s", .milliseconds(500)), ("1000000us", .seconds(1)), ("1000000µs", .seconds(1)),
            ("", nil), ("s", nil), ("10", nil), ("-", nil), ("1x", nil), ("1s1", nil), ("1 s", nil), ("1e3s", nil),
            ("inf", nil), ("nans", nil), (".s", nil), ("1.2.3s", nil), ("9999999999999999h", nil), ("٣s", nil),
            ("1S", nil), ("--1s", nil),
        ] as [(String, Duration?)])
    func durations(_ text: String, _ expected: Duration?) {
        #expect(GoDuration(text)?.duration == expected)
    }

    @Test("Warnings are quoted, once each, and never break a header")
    func warnings() {
        let recorder = WarningRecorder()
        for text in [#"a "b" \c"#, "x", "x", "line\nbreak", "bell\u{7}", "dél"] { recorder.warn(text) }
        #expect(recorder.headerValues == [#"299 - "a \"b\" \\c""#, #"299 - "x""#, #"299 - "dél""#])
    }

    @Test("Beyond 4096 characters warnings are cut, then dropped")
    func warningSizes() {
        func values(_ lengths: [Int]) -> [String] {
            let recorder = WarningRecorder()
            for (index, length) in lengths.enumerated() {
                recorder.warn("\(index) " + String(repeating: "é", count: length - "\(index) ".count))
            }
            return recorder.headerValues
        }
        let frame = #"299 - """#.count
        #expect(values([4_096]).map(\.count) == [4_096 + frame])
        #expect(values([4_000, 96]).map(\.count) == [4_000 + frame, 96 + frame])
        #expect(values([4_000, 97]).map(\.count) == [256 + frame, 97 + frame])
        #expect(values([Int](repeating: 300, count: 100)).map(\.count) == [Int](repeating: 256 + frame, count: 16))
    }

    @Test("A request that takes too long ends with 504, and its work is cancelled")
    func deadline() async throws {
        let deadlines = RequestDeadlines()
        let (cancelled, signal) = AsyncStream.makeStream(of: Void.self)
        let late = Task {
            try await deadlines.run(.milliseconds(20)) {
                do { try await Task.sleep(for: .seconds(60)) } catch { signal.finish() }
                return ServerResponse(status: 200)
            }
        }
        let other = Task {
            try await deadlines.run(.seconds(60)) {
                for await _ in cancelled {}
                return ServerResponse(status: Task.isCancelled ? 500 : 201)
            }
        }
        let error = await #expect(throws: APIError.self) { try await late.value }
        #expect(error?.code == 504)
        #expect(try await other.value.status == 201)
    }
}
