import Foundation

/// Whether somebody knows a user's password.
public protocol PasswordProvider: Sendable {
    /// What identities of its users begin with.
    var name: String { get }
    /// - Returns: false for a wrong password and for an unknown user; which of the two it is cannot be told from the time
    ///   it takes.
    /// - Throws: where that cannot be found out now.
    func verify(user: String, password: String) async throws -> Bool
}

/// Users of a htpasswd file.
public struct HtpasswdProvider: PasswordProvider {
    public let name = "htpasswd"
    private let file: HtpasswdFile
    private let workers: PasswordWorkers

    public init(file: HtpasswdFile) {
        self.file = file
        // Half of the machine may be busy with passwords.
        workers = PasswordWorkers(maximumRunning: ProcessInfo.processInfo.activeProcessorCount / 2)
    }

    /// - Throws: `PasswordWorkers.Busy`, and what keeps the file from being read.
    public func verify(user: String, password: String) async throws -> Bool {
        let entries = try file.entries()
        let known = entries[user]
        guard let hash = known ?? entries.stranger else { return false }
        let matches = try await workers.run { hash.matches(password) }
        return matches && known != nil
    }
}
