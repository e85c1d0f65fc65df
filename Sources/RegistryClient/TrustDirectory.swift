import NIOSSL
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#endif

/// The authorities that registries may have besides those of the system: those of a file for all of them, or those of a
/// directory each for one host (spec/registry.md PT-22). Files may change at any time.
///
/// In a directory the name of an entry is that of the host, with its port where it has one: `registry.example..5000` as in
/// OpenShift's `additionalTrustedCA`, or `registry.example:5000` as in `certs.d` of docker and podman. The entry is a file,
/// or a directory whose files that end in `.crt` count.
///
/// A class because its memory is shared.
public final class TrustDirectory: Sendable {
    private struct State {
        var checked: ContinuousClock.Instant
        /// Whatever differs after a change of the files.
        var fingerprint: [Fingerprint]
        /// By host and port; of a file for all hosts, by the empty name.
        var configurations: [String: TLSConfiguration]
    }

    private struct Fingerprint: Equatable {
        let host: String
        let path: String
        let status: FileStatus?
    }

    /// Something that is there cannot be used.
    public struct Unreadable: Error, CustomStringConvertible {
        public let description: String
    }

    /// For how long files are believed not to have changed.
    public static let standardLifetime: Duration = .seconds(10)
    private static let maximumBytes = 4 << 20
    private static let maximumFiles = 10_000

    private let path: String
    private let lifetime: Duration
    private let state: Mutex<State>

    /// - Parameter path: of a file in PEM, or of a directory.
    public init(path: String, lifetime: Duration = standardLifetime) throws(Unreadable) {
        self.path = path
        self.lifetime = lifetime
        let files = Self.files(path)
        guard FileStatus(path) != nil else { throw Unreadable(description: "there is no \(path)") }
        let state = State(
            checked: .now, fingerprint: Self.fingerprint(files), configurations: try Self.read(files))
        self.state = Mutex(state)
    }

    /// How TLS is spoken to a host; nil for as to any other. Files that have become unreadable change nothing.
    func configuration(for url: WebAddress, now: ContinuousClock.Instant = .now) -> TLSConfiguration? {
        let port = url.port ?? 443
        let name = url.host.hasPrefix("[") ? String(url.host.dropFirst().dropLast()) : url.host
        return state.withLock { state in
            if now - state.checked >= lifetime, FileStatus(path) != nil {
                state.checked = now
                let files = Self.files(path)
                let fingerprint = Self.fingerprint(files)
                if fingerprint != state.fingerprint, let configurations = try? Self.read(files) {
                    state.fingerprint = fingerprint
                    state.configurations = configurations
                }
            }
            let all = state.configurations[""]
            return state.configurations["\(name):\(port)"] ?? (port == 443 ? state.configurations[name] : nil) ?? all
        }
    }

    /// The files that count, with the hosts they are for.
    private static func files(_ path: String) -> [(host: String, path: String)] {
        guard FileStatus(path)?.isDirectory == true else { return FileStatus(path) == nil ? [] : [("", path)] }
        func names(_ directory: String) -> [String] {
            let all = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
            return all.filter { !$0.hasPrefix(".") }.sorted()
        }
        let files = names(path).flatMap { name -> [(host: String, path: String)] in
            let host = name.replacing("..", with: ":").lowercased()
            let entry = path + "/" + name
            guard FileStatus(entry)?.isDirectory == true else { return [(host, entry)] }
            return names(entry).filter { $0.hasSuffix(".crt") }.map { (host, entry + "/" + $0) }
        }
        return Array(files.prefix(maximumFiles))
    }

    private static func fingerprint(_ files: [(host: String, path: String)]) -> [Fingerprint] {
        files.map { Fingerprint(host: $0.host, path: $0.path, status: FileStatus($0.path)) }
    }

    private static func read(_ files: [(host: String, path: String)]) throws(Unreadable) -> [String: TLSConfiguration] {
        var authorities: [String: [NIOSSLCertificate]] = [:]
        for file in files {
            guard let data = FileManager.default.contents(atPath: file.path), data.count <= maximumBytes,
                let found = try? NIOSSLCertificate.fromPEMBytes(Array(data)), !found.isEmpty
            else { throw Unreadable(description: "\(file.path) has no certificates in PEM") }
            authorities[file.host, default: []] += found
        }
        return authorities.mapValues { authorities in
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.additionalTrustRoots = [.certificates(authorities)]
            return configuration
        }
    }
}

/// What tells one state of a file from another, of the file itself where a link leads to it.
private struct FileStatus: Equatable {
    let isDirectory: Bool
    private let device: UInt
    private let number: UInt
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int

    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        (device, number, size) = (UInt(status.st_dev), UInt(status.st_ino), Int(status.st_size))
        (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }
}
