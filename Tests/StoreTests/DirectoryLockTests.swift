import Foundation
import Glibc
import Store
import Testing

@testable import StoreSQLite

@Suite("The lock of a store's directory")
struct DirectoryLockTests {
    @Test("goes with its owner, though a program being started still has a copy of its descriptor")
    func release() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "weir-lock-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var lock: DirectoryLock? = try DirectoryLock(directory: directory)
        #expect(throws: StoreError.self) { try DirectoryLock(directory: directory) }
        let copy = dup(try #require(Self.descriptor(of: directory + "/lock")))
        #expect(copy >= 0)
        defer { close(copy) }
        withExtendedLifetime(lock) {}
        lock = nil
        _ = try DirectoryLock(directory: directory)
    }

    private static func descriptor(of path: String) -> Int32? {
        (0..<4_096).first { number in
            let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
            return link.map { $0.hasSuffix(path) } ?? false
        }
    }
}
