#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension LookasideConfiguration {
    /// Where container tools keep this configuration.
    public static let standardDirectory = "/etc/containers/registries.d"

    /// Bytes of one file, and files of a directory.
    private static let maxBytes = 1 << 20
    private static let maxFiles = 1_000

    /// Reads the files `*.yaml` of a directory, in the order of their names.
    /// - Throws: `Invalid`, also for what cannot be read.
    public init(directory: String) throws(Invalid) {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: directory) } catch {
            throw Invalid(faults: ["\(directory) cannot be read"])
        }
        let wanted = names.filter { $0.hasSuffix(".yaml") }.sorted()
        guard wanted.count <= Self.maxFiles else {
            throw Invalid(faults: ["\(directory) has \(wanted.count) files, at most \(Self.maxFiles) are read"])
        }
        var files: [(name: String, text: String)] = []
        var faults: [String] = []
        for name in wanted {
            let path = "\(directory)/\(name)"
            switch PlainFile.content(of: path, maxBytes: Self.maxBytes) {
            case .success(let bytes): files.append((path, String(decoding: bytes ?? [], as: UTF8.self)))
            case .failure(let failure): faults.append("\(failure)")
            }
        }
        guard faults.isEmpty else { throw Invalid(faults: faults) }
        try self.init(files: files)
    }
}
