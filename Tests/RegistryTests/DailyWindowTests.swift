import Testing

@testable import Registry

/// spec/registry.md GC-10.
@Suite("The hours of the collector")
struct DailyWindowTests {
    private static func time(_ hours: Int64, _ minutes: Int64) -> Int64 {
        1_738_281_600_000 + (hours * 60 + minutes) * 60_000
    }

    @Test(
        "are told from others, over midnight too",
        arguments: [
            ("01:00-05:00", 0, 59, 1), ("01:00-05:00", 1, 0, 0), ("01:00-05:00", 4, 59, 0),
            ("01:00-05:00", 5, 0, 1_200),
            ("22:30-04:00", 22, 29, 1), ("22:30-04:00", 23, 59, 0), ("22:30-04:00", 3, 59, 0),
            ("22:30-04:00", 4, 0, 1_110), ("00:00-24:00", 0, 0, 0), ("00:00-24:00", 23, 59, 0),
            ("23:00-24:00", 0, 0, 1_380),
        ])
    func wait(_ text: String, _ hours: Int64, _ minutes: Int64, _ wait: Int64) throws {
        let window = try #require(DailyWindow(text))
        #expect(window.wait(at: Self.time(hours, minutes)) == wait * 60_000)
    }

    @Test(
        "are written in one way",
        arguments: [
            "", "1:00-05:00", "01:00", "01:00-01:00", "24:00-01:00", "01:00-24:01",
            "01:60-02:00", "01:00-05:00-06:00", "-1:00-05:00", "ab:cd-ef:gh", "+1:00-05:00",
        ])
    func refused(_ text: String) { #expect(DailyWindow(text) == nil) }
}
