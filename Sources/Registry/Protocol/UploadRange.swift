/// Which bytes of a blob a chunk brings: `Content-Range` of an upload (spec/registry.md U-8). Pure.
struct UploadRange: Hashable, Sendable {
    var start: Int64
    /// Inclusive.
    var end: Int64

    var length: Int64 { end - start + 1 }

    /// Reads `<start>-<end>`; tolerates a unit in front and a total behind.
    /// - Throws: `BLOB_UPLOAD_INVALID` for anything else.
    init(_ header: String) throws(RegistryError) {
        var text = header[...]
        if text.lowercased().hasPrefix("bytes ") { text = text.dropFirst(6) }
        if let slash = text.firstIndex(of: "/") { text = text[..<slash] }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2, let start = Self.number(ends[0]), let end = Self.number(ends[1]) else {
            throw RegistryError(
                400, .blobUploadInvalid, "the Content-Range of the chunk cannot be read", detail: .string(header))
        }
        self.start = start
        self.end = end
    }

    /// The largest offset: further ones are no numbers of bytes that anybody has.
    private static let maximum = Int64.max / 2

    private static func number(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int64(text).flatMap { $0 <= maximum ? $0 : nil }
    }
}
