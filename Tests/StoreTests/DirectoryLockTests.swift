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

    /// The descriptor this process has open for the file, told by its inode: a path may lead over links.
    private static func descriptor(of path: String) -> Int32? {
        var file = stat()
        guard stat(path, &file) == 0 else { return nil }
        return (0..<65_536).first { number in
            var open = stat()
            return fstat(number, &open) == 0 && open.st_dev == file.st_dev && open.st_ino == file.st_ino
        }
    }
}
