import Importing
import Logging
import Synchronization

/// The installation's own credentials for other registries: a docker client's file, as nodes of clusters have one
/// (spec/import-and-controllers.md A.10.5).
///
/// Read again when it is asked for and some seconds have passed, so that a rotated file counts without a restart. One that
/// cannot be read is logged, and no import fails for it. A class because everything that asks registries shares it.
final class NodeCredentials: Sendable {
    private struct State {
        var text = ""
        var keyring = RegistryKeyring([])
        var fault = ""
        var read: ContinuousClock.Instant?
    }

    private static let lifetime: Duration = .seconds(10)

    private let file: String
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter file: empty for none.
    init(file: String, logger: Logger) {
        self.file = file
        self.logger = logger
    }

    var keyring: RegistryKeyring {
        if file.isEmpty { return RegistryKeyring([]) }
        let (keyring, fault) = state.withLock { state in
            if let read = state.read, read + Self.lifetime > .now { return (state.keyring, nil as String?) }
            let before = state.fault
            refresh(&state)
            state.read = .now
            return (state.keyring, state.fault == before ? nil : state.fault)
        }
        if let fault, !fault.isEmpty {
            logger.warning("the credentials for other registries are not used", metadata: ["error": "\(fault)"])
        }
        return keyring
    }

    private func refresh(_ state: inout State) {
        guard let text = SystemFile.text(of: file) else {
            state = State(fault: "\(file) cannot be read")
            return
        }
        if text == state.text { return }
        do throws(DockerConfiguration.Unreadable) {
            let configuration = try DockerConfiguration(parsing: Array(text.utf8), form: .nested)
            state = State(text: text, keyring: RegistryKeyring([configuration]))
        } catch {
            state = State(text: text, fault: "\(file): \(error)")
        }
    }
}
