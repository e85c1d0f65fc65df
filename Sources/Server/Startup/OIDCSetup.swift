import APIMachinery
import Foundation
import Identity
import Logging

/// The token issuers of a server's configuration.
enum OIDCSetup {
    /// - Parameter path: of the configuration; nil for no issuers.
    /// - Throws: `WeirConfiguration.Invalid` for whatever cannot be read or means nothing.
    static func issuers(
        _ path: String?, except own: String, clock: @escaping @Sendable () -> Timestamp, logger: Logger
    ) async throws -> [OIDCIssuer] {
        guard let path else { return [] }
        let settings: [OIDCIssuerSettings]
        do { settings = try OIDCIssuerSettings.list(yaml: String(contentsOfFile: path, encoding: .utf8)) } catch {
            throw WeirConfiguration.Invalid(description: "the token issuers of \(path) cannot be used: \(error)")
        }
        var issuers: [OIDCIssuer] = []
        for setting in settings {
            guard setting.url != own else {
                throw WeirConfiguration.Invalid(description: "\(path): \(own) is this server's own issuer")
            }
            do {
                issuers.append(
                    try await OIDCIssuer(setting, keys: try source(setting), clock: clock, logger: logger))
            } catch {
                throw WeirConfiguration.Invalid(description: "\(path): \(setting.url): \(error)")
            }
        }
        return issuers
    }

    private static func source(_ settings: OIDCIssuerSettings) throws -> OIDCIssuer.KeySource {
        guard let file = settings.keysFile else {
            return .fetched(try HTTPSDocuments(authorityFile: settings.authorityFile))
        }
        return .fixed(Array(try Data(contentsOf: URL(fileURLWithPath: file))))
    }
}
