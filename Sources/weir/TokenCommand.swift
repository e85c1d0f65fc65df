import ArgumentParser
import Foundation
import Server

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Tokens of users and machines.",
        discussion: "The server must run: it is asked with the administrator's credentials in the data directory.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Create a token and print it. It is shown this once.")
        @OptionGroup var place: Place
        @Option(help: "Whom the token is for. A user of the name is made where there is none.") var user: String
        @Option(help: "A group to put the user into. May be repeated.") var group: [String] = []
        @Option(help: "How long the token lasts, such as 90d, 12h or 30m; 0 for ever.") var expires = "30d"

        func run() async throws {
            try await Failures.shown {
                guard let lifetime = Lifetime(expires) else {
                    throw CommandFailure(description: "--expires must be such as 90d, 12h, 30m or 0")
                }
                let token = try await AdminClient.with(dataDirectory: place.dataDir) { api in
                    try await api.createToken(user: user, groups: group, lifetime: lifetime.seconds)
                }
                print(token)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List tokens by name. The tokens themselves are known to nobody.")
        @OptionGroup var place: Place
        @Option(help: "Only those of a user.") var user: String?

        func run() async throws {
            try await Failures.shown {
                let tokens = try await AdminClient.with(dataDirectory: place.dataDir) { api in
                    try await api.listTokens(user: user)
                }
                for token in tokens {
                    print(
                        [token.name, token.user, token.client, token.created, token.expires ?? "never"]
                            .joined(separator: "\t"))
                }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke", abstract: "Take a token back, at once.")
        @OptionGroup var place: Place
        @Argument(help: "Name of the token, as list shows it, or the token; - reads it from standard input.")
        var token: String

        func run() async throws {
            try await Failures.shown {
                let text = token == "-" ? readLine(strippingNewline: true) ?? "" : token
                let wasThere = try await AdminClient.with(dataDirectory: place.dataDir) { api in
                    try await api.revokeToken(text)
                }
                guard wasThere else { throw CommandFailure(description: "there is no such token") }
            }
        }
    }

    struct Place: ParsableArguments {
        @Option(help: "The data directory of the server.") var dataDir = "weir-data"
    }
}

/// A time such as `90d`, `12h`, `30m` or `45s`; a bare number is seconds, 0 is for ever.
private struct Lifetime {
    let seconds: Int64

    init?(_ text: String) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        let unit = text.last.flatMap { units[$0] }
        guard let number = Int64(unit == nil ? text : String(text.dropLast())), number >= 0 else { return nil }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
        guard !overflow else { return nil }
        self.seconds = seconds
    }
}
