import Foundation
import Synchronization

/// A failure of what a test stands on, in words.
struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Waits until `condition` holds.
/// - Throws: `TestFailure` with `what` when the time is over.
func eventually(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(90), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw TestFailure("not within \(limit): \(what())") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// A folder that goes with the test.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A program that runs beside the test, its output in files.
///
/// Started by `posix_spawn`: Foundation's `Process` crashes now and then where many are started by a process with many
/// open files. All who open files here do so with `O_CLOEXEC`: the program inherits none.
final class ChildProcess: Sendable {
    /// How a process ended: its exit code, or minus the signal.
    typealias Exit = Int32

    let pid: pid_t
    private let folder: Scratch

    /// - Parameters:
    ///   - program: a path, or a name of the search path.
    ///   - environment: changes to this process's environment.
    init(_ program: String, _ arguments: [String], environment: [String: String] = [:], input: String = "") throws {
        folder = try Scratch()
        for name in ["in", "out", "err"] {
            try Data(name == "in" ? Array(input.utf8) : []).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
        }
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        pid = try Self.spawn(program, arguments, variables.map { "\($0)=\($1)" }, files: folder.path)
        let box = ExitBox()
        self.box = box
        Thread.detachNewThread { [pid] in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) == -1 && errno == EINTR {}
            // The low seven bits are the signal, the next byte is the exit code.
            box.set(status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F))
        }
    }

    /// - Parameter files: the folder with `in`, `out` and `err`.
    private static func spawn(
        _ program: String, _ arguments: [String], _ environment: [String], files: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, files + "/in", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, files + "/out", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, files + "/err", O_WRONLY, 0)
        let arguments: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        let environment: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, program, &actions, nil, arguments, environment)
        guard code == 0 else { throw TestFailure("\(program) does not start: \(String(cString: strerror(code)))") }
        return pid
    }

    private let box: ExitBox

    /// Outlives the child in the handler of its end.
    private final class ExitBox: Sendable {
        private let value = Mutex<Exit?>(nil)
        func set(_ exit: Exit) { value.withLock { $0 = exit } }
        var exit: Exit? { value.withLock { $0 } }
    }

    var isRunning: Bool { box.exit == nil }
    var output: String { read("out") }
    var errors: String { read("err") }

    private func read(_ name: String) -> String {
        String(
            decoding: (try? Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)"))) ?? Data(), as: UTF8.self)
    }

    func signal(_ number: Int32) { if isRunning { kill(pid, number) } }

    /// Waits for the end.
    /// - Throws: `TestFailure` where it does not come in time; the process is killed then.
    func end(within limit: Duration = .seconds(30)) async throws -> Exit {
        do {
            try await eventually("the process \(pid) ends", within: limit) { !isRunning }
        } catch {
            signal(SIGKILL)
            throw error
        }
        return box.exit ?? -1
    }
}

/// The end of a program that was run.
struct ProgramResult: Sendable {
    let exit: ChildProcess.Exit
    let output: String
    let errors: String
}

/// Runs a program to its end.
func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], input: String = "",
    within limit: Duration = .seconds(60)
) async throws -> ProgramResult {
    let child = try ChildProcess(program, arguments, environment: environment, input: input)
    let exit = try await child.end(within: limit)
    return ProgramResult(exit: exit, output: child.output, errors: child.errors)
}
