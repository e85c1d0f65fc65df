import ArgumentParser
import Foundation
import Server

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Users who log in with a password.",
        discussion: """
            They are kept in DIR/htpasswd, with bcrypt hashes. The server need not run for that, nor be started again.
            """,
        subcommands: [Add.self, Password.self, Remove.self, List.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Add a user. The password is read from the terminal, or from standard input.")
        @OptionGroup var place: Place
        @Argument(help: "Name of the user.") var name: String

        func run() async throws {
            try await Failures.shown { try place.file.add(name, password: try PasswordPrompt.read(for: name)) }
        }
    }

    struct Password: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "passwd", abstract: "Change a user's password. Tokens that the user has stay good.")
        @OptionGroup var place: Place
        @Argument(help: "Name of the user.") var name: String

        func run() async throws {
            try await Failures.shown {
                try place.file.setPassword(of: name, to: try PasswordPrompt.read(for: name))
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove", abstract: "Remove a user, and void all its tokens. The server must run.")
        @OptionGroup var place: Place
        @Argument(help: "Name of the user.") var name: String

        func run() async throws {
            try await Failures.shown {
                let hadPassword = try place.file.remove(name)
                let wasKnown: Bool
                do {
                    wasKnown = try await AdminClient.with(dataDirectory: place.dataDir) { api in
                        try await api.removeUser(name)
                    }
                } catch let failure as AdminClient.Failure {
                    throw CommandFailure(
                        description:
                            "\(name) can no longer log in, but tokens that \(name) has stay good: \(failure)")
                }
                guard hadPassword || wasKnown else {
                    throw CommandFailure(description: "there is no user \(name)")
                }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the users.")
        @OptionGroup var place: Place

        func run() async throws {
            try await Failures.shown { for name in try place.file.names() { print(name) } }
        }
    }

    struct Place: ParsableArguments {
        @Option(help: "The data directory of the server.") var dataDir = "weir-data"
        @Option(help: "The file, where the server was given one by --htpasswd-file.") var htpasswdFile: String?

        var file: PasswordFile { PasswordFile(dataDirectory: dataDir, file: htpasswdFile) }
    }
}

/// Shows failures as one line, without the usage text.
enum Failures {
    static func shown(_ body: () async throws -> Void) async throws {
        do { try await body() } catch let error as CustomStringConvertible & Error {
            FileHandle.standardError.write(Data("weir: \(error)\n".utf8))
            throw ExitCode(1)
        }
    }
}

/// What keeps a command from its work, in words for the person who gave it.
struct CommandFailure: Error, CustomStringConvertible {
    var description: String
}
