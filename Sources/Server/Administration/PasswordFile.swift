import Foundation
import Identity

/// The htpasswd file of a server, as `weir user` changes it. The server need not run; if it does, it reads the file again
/// at the next log-in.
public struct PasswordFile: Sendable {
    /// A request that cannot be fulfilled, in words for the person who made it.
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }

    public let path: String

    /// - Parameters:
    ///   - dataDirectory: of the server.
    ///   - file: another file than the one there.
    public init(dataDirectory: String, file: String? = nil) {
        path = file ?? dataDirectory + "/htpasswd"
    }

    /// The users in the file, in its order.
    public func names() throws -> [String] { HtpasswdEntries(try text()).names }

    /// - Throws: `Failure` where the user is there already, or cannot be a user.
    public func add(_ name: String, password: String) throws {
        if let problem = Users.problem(withName: name) { throw Failure(description: "\(name): \(problem)") }
        let hash = try hash(of: password)
        try change { text in
            guard HtpasswdEntries(text)[name] == nil else {
                throw Failure(description: "\(name) is there already; \"weir user passwd\" changes the password")
            }
            return HtpasswdEditing.setting(name, to: hash, in: text)
        }
    }

    /// - Throws: `Failure` where there is no such user.
    public func setPassword(of name: String, to password: String) throws {
        let hash = try hash(of: password)
        try change { text in
            guard HtpasswdEntries(text)[name] != nil else { throw Failure(description: "there is no user \(name)") }
            return HtpasswdEditing.setting(name, to: hash, in: text)
        }
    }

    /// - Returns: whether the user was there.
    public func remove(_ name: String) throws -> Bool {
        var wasThere = false
        try change { text in
            guard let rest = HtpasswdEditing.removing(name, from: text) else { return text }
            wasThere = true
            return rest
        }
        return wasThere
    }

    private func hash(of password: String) throws -> PasswordHash {
        guard PasswordHash.isUsable(password) else {
            throw Failure(
                description: "a password must have 1 to \(PasswordHash.maximumPasswordBytes) bytes, and no zero byte")
        }
        guard let hash = PasswordHash.make(password) else { throw Failure(description: "this system has no bcrypt") }
        return hash
    }

    private func text() throws -> String {
        guard FileManager.default.fileExists(atPath: path) else { return "" }
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    /// One change at a time, whole or not at all.
    private func change(_ body: (String) throws -> String) throws {
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw Failure(description: "\(path) cannot be changed: \(String(cString: strerror(errno)))")
        }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 {
            guard errno == EINTR else { throw Failure(description: "\(path) cannot be locked") }
        }
        try DurableFile.write(try body(try text()), to: path, mode: 0o600)
    }
}
