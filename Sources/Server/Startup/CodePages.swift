#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The pages of the program's own code that are in memory.
enum CodePages {
    /// Gives back the code that was not used lately, every so often, until the task is cancelled. The system maps sixteen
    /// pages around each one that is needed, and never takes one of them back while there is memory; what is needed comes
    /// back at once, in about a millisecond in all.
    static func releaseUnusedRepeatedly() async throws {
        while true {
            try await Task.sleep(for: .seconds(10))
            releaseUnused()
        }
    }

    /// Gives back the code that only the start needed, which is most of it: looking for a type's conformances alone goes
    /// through all of the program. What is needed again comes back from the file.
    ///
    /// Does nothing where the system does not tell what is mapped.
    static func releaseUnused() {
        #if os(Linux)
        for range in executableMappings() {
            guard let start = UnsafeMutableRawPointer(bitPattern: range.lowerBound) else { continue }
            _ = madvise(start, Int(range.upperBound - range.lowerBound), MADV_DONTNEED)
        }
        #endif
    }

    /// Read-only code of files, by the lines of `/proc/self/maps`: `START-END r-xp OFFSET DEVICE INODE PATH`.
    private static func executableMappings() -> [Range<UInt>] {
        (SystemFile.text(of: "/proc/self/maps") ?? "").split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ")
            guard parts.count >= 6, parts[1] == "r-xp", parts[5].hasPrefix("/") else { return nil }
            let bounds = parts[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            return bounds.count == 2 && bounds[0] < bounds[1] ? bounds[0]..<bounds[1] : nil
        }
    }
}
