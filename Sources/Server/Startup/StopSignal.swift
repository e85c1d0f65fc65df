import Dispatch
import Glibc
import ServiceLifecycle
import Synchronization

/// Sets a flag as soon as shutdown begins, and holds the shutdown up for a while: it is the last service and so the
/// first to be stopped, and the others go on until it has ended (spec/api-machinery.md 10.4).
struct StopSignal: Service {
    let flag: Flag
    /// How long requests are still taken while `/readyz` fails, so that whoever sends them here can stop doing so.
    let delay: Duration

    func run() async throws {
        let impatience = Impatience()
        await withGracefulShutdownHandler {
            try? await gracefulShutdown()
        } onGracefulShutdown: {
            flag.set()
        }
        try? await Task.sleep(for: delay)
        // The listeners take their time too.
        impatience.outlive()
    }
}

/// Whoever asks a second time does not want to wait: ends the process at the second SIGTERM or SIGINT.
///
/// Signals are counted by the same means that the first one is waited for. Giving them back their default action would
/// not do: the library raises a signal again that it found delivered to the wrong thread.
private final class Impatience: Sendable {
    private let sources: Mutex<[any DispatchSourceSignal]>

    init() {
        let queue = DispatchQueue(label: "signals")
        let count = SignalCount()
        let sources = [SIGTERM, SIGINT].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { if count.next() > 1 { _exit(128 + number) } }
            return source
        }
        for source in sources { source.resume() }
        self.sources = Mutex(sources)
    }

    /// Stays for as long as the process does.
    func outlive() { _ = Unmanaged.passRetained(self) }

    private final class SignalCount: Sendable {
        private let count = Mutex(0)
        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }
}
