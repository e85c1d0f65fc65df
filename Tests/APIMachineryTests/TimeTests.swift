import APIMachinery
import JSON
import Testing

@Suite("Times")
struct TimeTests {
    @Test(
        "RFC 3339 is read with any offset, fractions are dropped",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-01-02T03:04:05Z", 1_767_323_045),
            ("2026-01-02T05:04:05+02:00", 1_767_323_045), ("2026-01-01T22:34:05-04:30", 1_767_323_045),
            ("2026-01-02T03:04:05.999999999Z", 1_767_323_045), ("2026-01-02T03:04:05,5Z", 1_767_323_045),
            ("2026-01-02T3:04:05Z", 1_767_323_045), ("2024-02-29T00:00:00Z", 1_709_164_800),
            ("1969-12-31T23:59:59Z", -1), ("0000-01-01T00:00:00Z", -62_167_219_200),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] as [(String, Int64)])
    func reading(_ text: String, _ seconds: Int64) throws {
        #expect(try Timestamp(parsing: text).secondsSince1970 == seconds)
    }

    @Test(
        "Times are printed in UTC to the second",
        arguments: [0, -1, 1_767_323_045, 1_709_164_800, 253_402_300_799] as [Int64])
    func printing(_ seconds: Int64) throws {
        let time = Timestamp(secondsSince1970: seconds)
        #expect(try Timestamp(parsing: time.description) == time)
        #expect(time.description.utf8.count == 20)
    }

    @Test("Every day of 800 years survives printing and reading")
    func calendar() throws {
        var last = ""
        for day in stride(from: Int64(-146_097), to: 146_097, by: 1) {
            let time = Timestamp(secondsSince1970: day * 86_400 + 86_399)
            let text = time.description
            guard text > last, try Timestamp(parsing: text) == time else {
                Issue.record("\(text) after \(last)")
                return
            }
            last = text
        }
    }

    static let faults: [(String, String)] = [
        ("", #" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006""#),
        ("x", #" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006""#),
        ("2026", #" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "-""#),
        ("2026-1-2", #" as "2006-01-02T15:04:05Z07:00": cannot parse "1-2" as "01""#),
        ("2026-01-02", #" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T""#),
        ("2026-01-02 03:04:05Z", #" as "2006-01-02T15:04:05Z07:00": cannot parse " 03:04:05Z" as "T""#),
        ("2026-01-02T03:04:05", #" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00""#),
        ("2026-01-02T03:04:05z", #" as "2006-01-02T15:04:05Z07:00": cannot parse "z" as "Z07:00""#),
        ("2026-13-02T03:04:05Z", ": month out of range"), ("2026-02-29T03:04:05Z", ": day out of range"),
        ("2026-01-02T24:04:05Z", ": hour out of range"), ("2026-01-02T03:60:05Z", ": minute out of range"),
        ("2026-01-02T03:04:60Z", ": second out of range"), ("2026-01-02T03:04:05Zx", #": extra text: "x""#),
    ]

    @Test("Malformed times are refused in Go's words", arguments: faults)
    func malformed(_ text: String, _ message: String) {
        let error = #expect(throws: TimeParseError.self) { try Timestamp(parsing: text) }
        #expect(error?.message == "parsing time \(GoText.quoted(text))" + message)
    }

    @Test("Microseconds are printed with six decimals")
    func micro() throws {
        let time = try MicroTime(parsing: "2026-01-02T04:04:05.000006+01:00")
        #expect(time.description == "2026-01-02T03:04:05.000006Z")
        #expect(MicroTime(microsecondsSince1970: -1).description == "1969-12-31T23:59:59.999999Z")
        #expect(throws: TimeParseError.self) { try MicroTime(parsing: "2026-01-02T04:04:05Z") }
    }

    @Test("The zero time prints null")
    func zero() {
        #expect(Timestamp().encodedBytes() == Array("null".utf8))
        #expect(MicroTime().encodedBytes() == Array("null".utf8))
        #expect(Timestamp().description == "0001-01-01T00:00:00Z")
    }
}
