import Blobs
import BlobsTesting
import Foundation
import OCI
import Synchronization
import Testing

@Suite("A store of blobs in trouble")
struct BlobCrashTests {
    @Test("loses nothing it acknowledged and shows nothing by halves, in 25 kills", .timeLimit(.minutes(3)))
    func kills() async throws {
        let place = try Place()
        var blobs: [Digest: (size: Int, seed: UInt64)] = [:]
        var uploads: [UploadID: (offset: Int64, seed: UInt64)] = [:]
        var total = 0
        for kill in 1...25 {
            let lines = try await BlobChild.run(
                ["push", place.path, "\(kill)"], killAfter: Int.random(in: 1...120))
            for line in lines {
                let words = line.split(separator: " ")
                switch words.first {
                case "blob": blobs[try Digest(parsing: String(words[1]))] = (Int(words[2]) ?? -1, UInt64(words[3]) ?? 0)
                case "synced":
                    let id = try #require(UploadID(String(words[1])))
                    uploads[id] = (Int64(words[2]) ?? -1, UInt64(words[3]) ?? 0)
                case "ended": uploads[try #require(UploadID(String(words[1])))] = nil
                default: Issue.record("the child said: \(line)")
                }
            }
            total += lines.count
            if kill % 5 == 0 { try await verify(place, blobs, &uploads) }
        }
        #expect(total > 200)
        #expect(!blobs.isEmpty)
    }

    private func verify(
        _ place: Place, _ blobs: [Digest: (size: Int, seed: UInt64)],
        _ uploads: inout [UploadID: (offset: Int64, seed: UInt64)]
    ) async throws {
        let store = try await FileBlobStore.open(.init(root: place.path))
        for (digest, expected) in blobs {
            let bytes = try await store.bytes(of: digest)
            #expect(bytes == TestBytes.make(expected.size, seed: expected.seed), "\(digest) was acknowledged")
        }
        for blob in try await store.blobs(after: nil, limit: .max) {
            let bytes = try #require(try await store.bytes(of: blob.digest))
            #expect(blob.digest == .sha256(of: bytes), "a blob is not whole")
        }
        for (id, expected) in uploads {
            let upload = try #require(try await store.upload(id), "\(id) was acknowledged")
            #expect(upload.offset >= expected.offset)
            #expect(String(decoding: upload.info, as: UTF8.self) == "\(expected.seed)")
            let bytes = TestBytes.make([10, 10_000, 300_000, 900_000][Int(expected.seed % 4)], seed: expected.seed)
            try await upload.append(Array(bytes[Int(upload.offset)...]))
            _ = try await upload.finish(as: .sha256(of: bytes))
        }
        uploads = [:]
        await store.close()
    }

    @Test("takes no harm from a bound on the size of files")
    func largeFiles() async throws {
        let place = try Place()
        #expect(try await BlobChild.run(["limit", place.path]) == ["done"])
    }

    @Test("takes no harm from a full disk", .enabled(if: BlobChild.canMount))
    func fullDisk() async throws {
        let place = try Place()
        #expect(try await BlobChild.run(["fill", place.path], onDiskOf: "3m") == ["done"])
    }
}

/// The helper process.
enum BlobChild {
    private static let program: String = {
        let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: own ?? "").deletingLastPathComponent()
            .appendingPathComponent("weir-blob-crasher").path
    }()

    /// Whether a process may have a file system of its own here.
    static let canMount: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "unshare -Urm mount -t tmpfs none /mnt"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    /// - Parameters:
    ///   - lines: after so many the process is killed.
    ///   - size: of a disk in memory that only the process sees, in place of the directory it works in.
    /// - Returns: the whole lines it wrote, up to its end.
    static func run(
        _ arguments: [String], killAfter lines: Int = .max, onDiskOf size: String? = nil
    ) async throws -> [Substring] {
        let process = Process()
        if let size {
            process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
            process.arguments =
                ["-Urm", "sh", "-c", "mount -t tmpfs -o size=\(size) none \"$2\" && exec \"$0\" \"$@\"", program]
                + arguments
        } else {
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
        }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let pid = process.processIdentifier
        let reader = pipe.fileHandleForReading
        let bytes: [UInt8] = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var bytes: [UInt8] = []
                var seen = 0
                var isKilled = false
                while case let data = reader.availableData, !data.isEmpty {
                    bytes += data
                    seen += data.count { $0 == 10 }
                    if seen >= lines, !isKilled {
                        kill(pid, SIGKILL)
                        isKilled = true
                    }
                }
                continuation.resume(returning: bytes)
            }
        }
        process.waitUntilExit()
        let text = String(decoding: bytes, as: UTF8.self)
        let whole = text.last == "\n" ? text[...] : text[..<(text.lastIndex(of: "\n") ?? text.startIndex)]
        return whole.split(separator: "\n")
    }
}
