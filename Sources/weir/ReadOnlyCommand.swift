import ArgumentParser
import Registry
import Server

/// `weir read-only`: whether the registry of a running server takes and deletes anything.
struct ReadOnlyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read-only",
        abstract: "Keep the registry of a running server as it is, or say whether it is kept.",
        discussion: """
            While it is, pushes and deletions are refused, pulls go on, and nothing is copied or collected. It stays so \
            when the server is started again. Requests that have begun are finished.
            """)

    enum Wish: String, ExpressibleByArgument, CaseIterable { case on, off, show }

    @Argument(help: "on, off or show.") var wish: Wish = .show
    @Option(help: "The data directory of the server.") var dataDir = "weir-data"

    func run() async throws {
        try await Failures.shown {
            let state = try await AdminClient.with(dataDirectory: dataDir) { api in
                switch wish {
                case .show: try await api.state(of: .readOnly)
                case .on, .off: try await api.turn(.readOnly, on: wish == .on)
                }
            }
            print(Self.text(state))
        }
    }

    static func text(_ state: AdminClient.SwitchState) -> String {
        guard state.isOn else { return "off" }
        guard let since = state.since, let user = state.user else { return "on, by the configuration" }
        return "on since \(since), by \(user)"
    }
}
