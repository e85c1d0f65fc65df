import ArgumentParser
import Configuration
import Foundation
import Server

struct RekeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rekey",
        abstract: "Encrypt the secrets of a data directory with a new key and drop the old ones.",
        discussion: """
            Stop the server first. May be interrupted at any moment: a server then starts as before, and running this \
            again does the whole work. It takes as much free space as the store has.

            Copies made before, such as backups, still need the old key, and can still be read with it.
            """)

    @Option(help: "A YAML file with settings.")
    var config: String?

    @Option(help: "Where everything is kept. Default: weir-data.")
    var dataDir: String?

    @Option(help: "The key file. Default: secrets.key in the data directory.")
    var encryptionKeyFile: String?

    func run() async throws {
        do {
            var flags: [AbsoluteConfigKey: ConfigValue] = [:]
            for (key, value) in [("dataDir", dataDir), ("encryptionKeyFile", encryptionKeyFile)] {
                if let value { flags[[key]] = ConfigValue(.string(value), isSecret: false) }
            }
            let reader = try await ConfigurationSources.reader(flags: flags, file: config)
            let count = try await OfflineRekeying.run(try WeirConfiguration(reader))
            FileHandle.standardOutput.write(Data("\(count) secrets have a new key\n".utf8))
        } catch let error as CustomStringConvertible & Error {
            FileHandle.standardError.write(Data("weir: \(error)\n".utf8))
            throw ExitCode(1)
        }
    }
}
