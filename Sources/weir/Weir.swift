import ArgumentParser
import Server

@main
struct Weir: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir",
        abstract: "A server for image streams and the container registry behind them.",
        version: WeirServer.version,
        subcommands: [
            ServeCommand.self, CollectCommand.self, RekeyCommand.self, TokenCommand.self, UserCommand.self,
            VerifyCommand.self, AdoptCommand.self, ExportCommand.self, ImportBundleCommand.self, ImportCommand.self,
            ReadOnlyCommand.self,
        ])
}
