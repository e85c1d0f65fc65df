import CDisk

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The system's calls, with errors as values. All of them may wait for the disk.
enum Disk {
    /// What `lstat` says of a path.
    struct Entry {
        enum Kind { case file, directory, symbolicLink, other }
        var kind: Kind
        /// Bytes.
        var size: Int64
        /// Seconds since 1970.
        var modified: Int64
        var links: Int
    }

    /// Calls until the answer is not that a signal came.
    @discardableResult
    static func call(_ operation: @autoclosure () -> String, _ body: () -> Int) throws(BlobError) -> Int {
        while true {
            let result = body()
            if result >= 0 { return result }
            let code = errno
            if code != EINTR { throw BlobError(operation(), errno: code) }
        }
    }

    /// Opens a file; symbolic links are not followed.
    static func open(_ path: String, _ flags: Int32) throws(BlobError) -> BlobFile {
        let descriptor = try call("open \(path)") {
            #if canImport(Glibc)
            Int(Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o640))
            #elseif canImport(Musl)
            Int(Musl.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o640))
            #else
            Int(Darwin.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o640))
            #endif
        }
        return BlobFile(owning: Int32(descriptor))
    }

    /// Opens a file that may be missing.
    static func openIfPresent(_ path: String, _ flags: Int32) throws(BlobError) -> BlobFile? {
        do { return try open(path, flags) } catch {
            if case .io(_, ENOENT) = error { return nil }
            throw error
        }
    }

    /// - Returns: nil where there is nothing.
    static func entry(_ path: String) throws(BlobError) -> Entry? {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw BlobError("look at \(path)", errno: errno)
        }
        return Entry(status)
    }

    static func entry(_ file: BlobFile) throws(BlobError) -> Entry {
        var status = stat()
        try call("look at a file") { Int(fstat(file.descriptor, &status)) }
        return Entry(status)
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to file: BlobFile, at offset: Int64) throws(BlobError) {
        var done = 0
        while done < bytes.count {
            let count = try call("write \(bytes.count) bytes") {
                pwrite(
                    file.descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done,
                    off_t(offset) + off_t(done))
            }
            done += count
        }
    }

    static func write(_ bytes: [UInt8], to file: BlobFile, at offset: Int64) throws(BlobError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(BlobError) in
            try write(UnsafeRawBufferPointer(bytes), to: file, at: offset)
        }
    }

    /// - Returns: how many bytes there were; fewer than asked for only at the end of the file.
    static func read(
        into memory: UnsafeMutableRawBufferPointer, from file: BlobFile, at offset: Int64
    ) throws(BlobError) -> Int {
        var done = 0
        while done < memory.count {
            let count = try call("read a file") {
                pread(
                    file.descriptor, memory.baseAddress.map { $0 + done }, memory.count - done,
                    off_t(offset) + off_t(done))
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    static func sync(_ file: BlobFile) throws(BlobError) {
        try call("make a file durable") { Int(fsync(file.descriptor)) }
    }

    static func syncDirectory(_ path: String) throws(BlobError) {
        try sync(try open(path, O_RDONLY | O_DIRECTORY))
    }

    /// Lets the disk begin with bytes that were written, so that not all of them wait for the end.
    static func beginWriteback(_ file: BlobFile, from offset: Int64, count: Int64) {
        #if os(Linux)
        // A hint: where it fails, the bytes are written later.
        _ = sync_file_range(file.descriptor, Int(offset), Int(count), weir_sync_file_range_write)
        #endif
    }

    /// Whether what is durable on a file system is always a beginning of what was done to its names: one journal for all.
    /// Who makes the last of several changes durable then has all of them.
    static func keepsOrder(_ path: String) -> Bool {
        #if os(Linux)
        let (ext4, xfs) = (0xEF53, 0x5846_5342)
        return [ext4, xfs].contains(weir_file_system_type(path))
        #else
        return false
        #endif
    }

    /// Makes everything durable that is on the file system of a directory.
    static func syncFileSystem(_ path: String) throws(BlobError) {
        #if os(Linux)
        let directory = try open(path, O_RDONLY | O_DIRECTORY)
        try call("make \(path) durable") { Int(syncfs(directory.descriptor)) }
        #else
        Darwin.sync()
        #endif
    }

    static func truncate(_ file: BlobFile, to size: Int64) throws(BlobError) {
        try call("shorten a file") { Int(ftruncate(file.descriptor, off_t(size))) }
    }

    static func move(_ path: String, to other: String) throws(BlobError) {
        try call("move \(path) to \(other)") { Int(rename(path, other)) }
    }

    /// - Returns: whether there was something.
    @discardableResult
    static func remove(_ path: String) throws(BlobError) -> Bool {
        do { try call("remove \(path)") { Int(unlink(path)) } } catch {
            if case .io(_, ENOENT) = error { return false }
            throw error
        }
        return true
    }

    /// Makes a directory.
    /// - Returns: false where it is there.
    @discardableResult
    static func makeDirectory(_ path: String) throws(BlobError) -> Bool {
        do { try call("make the directory \(path)") { Int(mkdir(path, 0o750)) } } catch {
            if case .io(_, EEXIST) = error { return false }
            throw error
        }
        return true
    }

    /// Makes a directory and those above it, durably.
    static func makeDirectories(_ path: String) throws(BlobError) {
        if try entry(path)?.kind == .directory { return }
        let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        if !parent.isEmpty { try makeDirectories(parent) }
        try makeDirectory(path)
        try syncDirectory(parent.isEmpty ? "/" : parent)
    }

    /// Removes a directory with the files in it; deeper ones are left.
    /// - Returns: bytes that nobody else has a name for.
    static func removeDirectory(_ path: String) throws(BlobError) -> Int64 {
        var freed: Int64 = 0
        for name in try names(in: path) {
            let file = path + "/" + name
            guard let entry = try entry(file), entry.kind != .directory else { continue }
            if try remove(file), entry.links == 1 { freed += entry.size }
        }
        do { try call("remove the directory \(path)") { Int(rmdir(path)) } } catch {
            if case .io(_, ENOENT) = error { return freed }
            throw error
        }
        return freed
    }

    /// Names in a directory, in no order; none where it is missing. Those that are no UTF-8 are left out.
    static func names(in path: String) throws(BlobError) -> [String] {
        guard let directory = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw BlobError("read the directory \(path)", errno: errno)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let item = readdir(directory) else {
                if errno != 0 { throw BlobError("read the directory \(path)", errno: errno) }
                return names
            }
            let name = withUnsafeBytes(of: &item.pointee.d_name) { bytes in
                String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let name, name != ".", name != ".." { names.append(name) }
        }
    }

    /// All bytes of a small file.
    static func contents(of file: BlobFile) throws(BlobError) -> [UInt8] {
        let size = Int(try entry(file).size)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, size), alignment: 1)
        defer { memory.deallocate() }
        return Array(
            memory[..<(try read(into: UnsafeMutableRawBufferPointer(rebasing: memory[..<size]), from: file, at: 0))])
    }
}

extension Disk.Entry {
    fileprivate init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        default: kind = .other
        }
        size = Int64(status.st_size)
        #if canImport(Darwin)
        modified = Int64(status.st_mtimespec.tv_sec)
        #else
        modified = Int64(status.st_mtim.tv_sec)
        #endif
        links = Int(status.st_nlink)
    }
}
