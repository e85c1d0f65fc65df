import OCI
import RegistryClient

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A place beside a registry where signatures lie as single files: a folder or a web server
/// (`spec/import-and-controllers.md` C.2.1).
public struct LookasideStore: Hashable, Sendable {
    /// Where one signature lies.
    public enum Location: Hashable, Sendable {
        /// An absolute path.
        case file(String)
        /// http or https.
        case url(String)
    }

    /// Why a text names no store.
    public struct Invalid: Error, Hashable, Sendable {
        public let text: String
    }

    private enum Base: Hashable {
        /// Without slashes at the end.
        case folder(String)
        /// Without slashes at the end; the query begins with its question mark, or is empty.
        case web(String, query: String)
    }

    private let base: Base

    /// - Parameter url: `file:///folder`, `http://…` or `https://…`.
    public init(_ url: String) throws(Invalid) {
        var rest = url.prefix { $0 != "#" }
        let queryStart = rest.firstIndex(of: "?") ?? rest.endIndex
        let query = String(rest[queryStart...])
        rest = rest[..<queryStart]
        let scheme = rest.prefix { $0 != ":" }.lowercased()
        switch scheme {
        case "http", "https":
            guard isWebAddress(url) else { throw Invalid(text: "no usable \(scheme) URL: \(url)") }
            base = .web(Self.withoutSlashes(rest), query: query)
        case "file":
            let path = rest.dropFirst("file:".count)
            guard path.hasPrefix("///"), let folder = String(path.dropFirst(2)).removingPercentEncoding,
                !folder.utf8.contains(0)
            else { throw Invalid(text: "a file URL must be file:///FOLDER, not \(url)") }
            base = .folder(Self.withoutSlashes(folder[...]))
        default:
            throw Invalid(text: "must be a file, http or https URL, not \(url)")
        }
    }

    private init(folder: String) { base = .folder(folder) }

    /// What container tools use where their configuration names no store.
    public static let standard = LookasideStore(folder: "/var/lib/containers/sigstore")

    /// Where the signature with a number from 1 on lies: `<base>/<path>@<algorithm>=<hex>/signature-<number>`.
    /// - Returns: nil for a repository whose path would lead elsewhere; the grammar of references has none.
    public func location(of number: Int, for image: SignedImage) -> Location? {
        let path = image.repository.path
        let components = path.split(separator: "/", omittingEmptySubsequences: false)
        guard components.allSatisfy({ !["", ".", ".."].contains($0) }),
            !path.utf8.contains(where: { [0, UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "%")].contains($0) })
        else { return nil }
        let rest = "/\(path)@\(image.digest.algorithm.rawValue)=\(image.digest.hex)/signature-\(number)"
        return switch base {
        case .folder(let folder): .file(folder + rest)
        case .web(let url, let query): .url(url + rest + query)
        }
    }

    private static func withoutSlashes(_ text: Substring) -> String {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        return String(text)
    }
}
