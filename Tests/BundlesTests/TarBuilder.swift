import Foundation
import OCI

/// Tar archives as no library writes them.
struct TarBuilder {
    private(set) var bytes: [UInt8] = []

    /// - Parameters:
    ///   - type: `0` file, `1` hard link, `2` symbolic link, `3` device, `5` directory.
    ///   - size: what the header says, where that is a lie.
    mutating func add(
        _ name: String, _ content: [UInt8] = [], type: Character = "0", link: String = "", size: Int64? = nil
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int, _ length: Int) {
            for (index, byte) in text.utf8.prefix(length).enumerated() { header[offset + index] = byte }
        }
        func octal(_ number: Int64, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        if name.utf8.count > 100 {
            // As GNU does it: the name is the content of an entry before.
            add("././@LongLink", Array(name.utf8) + [0], type: "L")
        }
        put(name, at: 0, 100)
        put("0000644", at: 100, 8)
        put("0000000", at: 108, 8)
        put("0000000", at: 116, 8)
        put(octal(size ?? Int64(content.count), 11), at: 124, 12)
        put("00000000000", at: 136, 12)
        put("        ", at: 148, 8)
        put(String(type), at: 156, 1)
        put(link, at: 157, 100)
        put("ustar", at: 257, 6)
        put("00", at: 263, 2)
        let sum = header.reduce(Int64(0)) { $0 + Int64($1) }
        put(octal(sum, 6), at: 148, 6)
        header[154] = 0
        header[155] = 0x20
        bytes += header + content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    @discardableResult
    mutating func add(blob content: [UInt8], as digest: Digest? = nil) -> Digest {
        let digest = digest ?? .sha256(of: content)
        add("blobs/\(digest.algorithm.rawValue)/\(digest.hex)", content)
        return digest
    }

    mutating func addLayout() { add("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)) }

    mutating func end() { bytes += [UInt8](repeating: 0, count: 1024) }
}

/// A folder that goes with the test.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "weir-bundles-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = path + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    func read(_ name: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(fileURLWithPath: path + "/" + name))) }
}
