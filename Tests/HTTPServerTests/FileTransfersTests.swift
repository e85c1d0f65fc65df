import Testing

@testable import HTTPServer

@Suite("Answers that send files")
struct FileTransfersTests {
    /// What each of so many may read at once.
    private static func share(_ count: Int, of transfers: FileTransfers) async -> Int64 {
        guard count > 0 else { return transfers.pieceSize }
        var size: Int64 = 0
        await transfers.run { size = await share(count - 1, of: transfers) }
        return size
    }

    @Test(
        "share a bounded amount of memory, down to a smallest piece",
        arguments: [
            (0, 256 << 10), (1, 256 << 10), (32, 256 << 10), (64, 128 << 10), (512, 16 << 10), (1000, 16 << 10),
        ])
    func share(_ count: Int, _ bytes: Int64) async {
        let transfers = FileTransfers()
        #expect(await Self.share(count, of: transfers) == bytes)
        #expect(transfers.pieceSize == 256 << 10, "those that are over take nothing")
    }
}
