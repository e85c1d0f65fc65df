import APIServer
import Glibc

/// What the system knows of this process, in the names all programs use for it.
struct ProcessMetrics: MetricSource {
    func write(to text: inout Exposition) {
        if let status = ProcessStatus() {
            text.begin("process_cpu_seconds_total", .counter, help: "Seconds of processor time, user and system.")
            text.sample([], status.cpuSeconds)
            text.begin("process_resident_memory_bytes", .gauge, help: "Bytes of memory in use.")
            text.sample([], status.residentBytes)
            text.begin("process_virtual_memory_bytes", .gauge, help: "Bytes of address space in use.")
            text.sample([], status.virtualBytes)
            text.begin("process_threads", .gauge, help: "Threads.")
            text.sample([], status.threads)
            if let start = status.startSeconds {
                text.begin("process_start_time_seconds", .gauge, help: "When the process began, in seconds since 1970.")
                text.sample([], start)
            }
        }
        if let open = Self.openDescriptors {
            text.begin("process_open_fds", .gauge, help: "Open file descriptors, connections among them.")
            text.sample([], open)
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            text.begin("process_max_fds", .gauge, help: "File descriptors that may be open.")
            text.sample([], Double(limit.rlim_cur))
        }
    }

    private static var openDescriptors: Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Without `.`, `..` and the directory itself.
        return count - 3
    }
}

/// `/proc/self/stat`.
private struct ProcessStatus {
    var cpuSeconds: Double
    var residentBytes: Int
    var virtualBytes: Int
    var threads: Int
    var startSeconds: Double?

    init?() {
        guard let text = SystemFile.text(of: "/proc/self/stat"), let end = text.lastIndex(of: ")") else { return nil }
        // Behind the name, which may contain anything: the third field is the first here.
        let fields = text[text.index(after: end)...].split(separator: " ")
        func field(_ number: Int) -> Int? {
            fields.indices.contains(number - 3) ? Int(fields[number - 3].filter { $0 != "\n" }) : nil
        }
        guard let user = field(14), let system = field(15), let threads = field(20), let start = field(22),
            let virtual = field(23), let pages = field(24)
        else { return nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        cpuSeconds = Double(user + system) / ticks
        self.threads = threads
        virtualBytes = virtual
        residentBytes = pages * sysconf(Int32(_SC_PAGESIZE))
        startSeconds = Self.bootSeconds.map { Double($0) + Double(start) / ticks }
    }

    private static var bootSeconds: Int? {
        guard
            let line = SystemFile.text(of: "/proc/stat")?.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }
            )
        else {
            return nil
        }
        return Int(line.dropFirst("btime ".count))
    }

    /// A file of the kernel: its size is not known before.
}
