import Testing

@testable import Registry

@Suite("Ranges of blobs and of uploads")
struct RangeTests {
    private static let ranges: [(String?, ByteRanges)] = [
        (nil, .all), ("", .all), ("items=0-1", .all), ("0-1", .all), ("bytes=", .all), ("bytes=,", .all),
        ("bytes=-", .all), ("bytes=1", .all), ("bytes=a-b", .all), ("bytes=1-2-3", .all), ("bytes=+1-2", .all),
        ("bytes=0-9,x", .all),
        ("bytes=0-9", .parts([0..<10])), ("Bytes=0-9", .parts([0..<10])), ("bytes= 0 - 9 ", .parts([0..<10])),
        ("bytes=0-0", .parts([0..<1])), ("bytes=99-99", .parts([99..<100])), ("bytes=50-", .parts([50..<100])),
        ("bytes=95-200", .parts([95..<100])), ("bytes=0-99999999999999999999", .parts([0..<100])),
        ("bytes=-10", .parts([90..<100])), ("bytes=-200", .parts([0..<100])),
        ("bytes=-99999999999999999999", .parts([0..<100])),
        ("bytes=100-", .none), ("bytes=100-200", .none), ("bytes=-0", .none), ("bytes=9-5", .none),
        ("bytes=99999999999999999999-", .none), ("bytes=100-,200-", .none),
        ("bytes=20-29,0-9", .parts([20..<30, 0..<10])), ("bytes=0-9, 5-14", .parts([0..<10, 5..<15])),
        ("bytes=0-9,200-300", .parts([0..<10])), ("bytes=0-,0-", .parts([0..<100, 0..<100])),
        ("bytes=0-,0-,0-0", .tooMuch),
    ]

    @Test("A range of a blob of a hundred bytes is what RFC 9110 and L-4 make of it", arguments: ranges)
    func range(_ header: String?, _ expected: ByteRanges) {
        #expect(ByteRanges(header, size: 100) == expected)
    }

    @Test("Nothing of an empty blob is there", arguments: ["bytes=0-", "bytes=-1", "bytes=0-0"])
    func emptyBlob(_ header: String) {
        #expect(ByteRanges(header, size: 0) == ByteRanges.none)
    }

    @Test("More than 1024 ranges are refused before they are looked at")
    func tooMany() {
        let some = Array(repeating: "0-0", count: ByteRanges.maximumCount)
        #expect(ByteRanges("bytes=" + some.joined(separator: ","), size: 1024) != .tooMuch)
        #expect(ByteRanges("bytes=" + (some + ["0-0"]).joined(separator: ","), size: 1024) == .tooMuch)
    }

    /// The size is what another registry says (spec/registry.md 4.3): any number.
    @Test("Several ranges of a blob of any size trap nothing")
    func hugeBlob() async {
        await #expect(processExitsWith: .success) {
            for size in [Int64.max, Int64.max / 2 + 1, Int64.max / 2] {
                for header in ["bytes=0-1,2-3", "bytes=0-,0-,0-", "bytes=-5,-9223372036854775807"] {
                    _ = ByteRanges(header, size: size)
                }
            }
        }
    }

    @Test(
        "The range of a chunk has an inclusive end; a unit and a total are tolerated",
        arguments: [
            ("0-9", 0, 9, 10), ("10-10", 10, 10, 1), ("bytes 0-9", 0, 9, 10), ("0-9/10", 0, 9, 10),
            ("bytes 5-9/*", 5, 9, 5), ("Bytes 0-1", 0, 1, 2), ("00-01", 0, 1, 2),
        ] as [(String, Int64, Int64, Int64)])
    func chunk(_ header: String, _ start: Int64, _ end: Int64, _ length: Int64) throws {
        let range = try UploadRange(header)
        #expect(range.start == start)
        #expect(range.end == end)
        #expect(range.length == length)
    }

    @Test(
        "Anything else is BLOB_UPLOAD_INVALID",
        arguments: [
            "", "-", "0", "0-", "-9", "a-b", "0-9-10", "+0-9", "0x0-9", "0 - 9", "bytes=0-9", "bytes */10", "٠-٩",
            "0-99999999999999999999", "0-9223372036854775807", "9223372036854775807-9223372036854775807",
        ])
    func noChunk(_ header: String) {
        let error = refusal { () throws(RegistryError) in try UploadRange(header) }
        #expect(error?.status == 400)
        #expect(error?.code == .blobUploadInvalid)
    }
}
