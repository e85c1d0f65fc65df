import APIMachinery
import Foundation
import JSON

/// Where a server is, and who asks it.
public struct ServerAccess: Sendable {
    /// `https://HOST[:PORT]`
    public var url: String
    /// PEM; nil for the authorities of this machine.
    public var authority: [UInt8]?
    public var token: String?
    /// PEM, both.
    public var certificate: [UInt8]?
    public var key: [UInt8]?
    /// That of the context.
    public var namespace = "default"
    /// Any certificate is taken for the server's.
    public var isInsecure = false

    /// - Parameter url: the path and what follows it must be empty.
    /// - Throws: `.unclear`.
    public init(url: String) throws(BundleError) {
        let text = url.hasSuffix("/") ? String(url.dropLast()) : url
        guard text.hasPrefix("https://") || text.hasPrefix("http://"), text.split(separator: "/").count == 2 else {
            throw .unclear("the server must be https://HOST[:PORT], not \"\(url)\"")
        }
        self.url = text
    }

    /// The administrator of the server of a data directory.
    /// - Throws: `.file`, `.unclear`.
    public init(dataDirectory: String) throws(BundleError) {
        try self.init(kubeconfig: dataDirectory + "/admin.kubeconfig")
        certificate = nil
        key = nil
        let text = String(decoding: try Self.read(dataDirectory + "/admin.token"), as: UTF8.self)
        token = text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// What kubectl would use.
    ///
    /// Programs that a kubeconfig names for getting credentials are not run.
    /// - Parameter context: nil for the current one.
    /// - Throws: `.file`, `.unclear`.
    public init(kubeconfig path: String, context wanted: String? = nil) throws(BundleError) {
        let bytes = try Self.read(path)
        let document: JSONValue
        do { document = try YAML.parse(String(decoding: bytes, as: UTF8.self)).value } catch {
            throw .file(path: path, reason: "is no kubeconfig: \(error)")
        }
        func named(_ list: String, _ name: String?) -> JSONValue? {
            document[list]?.arrayValue?.first { $0["name"]?.stringValue == name }
        }
        let name = wanted ?? document["current-context"]?.stringValue
        guard let context = named("contexts", name)?["context"],
            let cluster = named("clusters", context["cluster"]?.stringValue)?["cluster"],
            let server = cluster["server"]?.stringValue
        else { throw .file(path: path, reason: "has no context \(name ?? "") with a server") }
        try self.init(url: server)
        if let namespace = context["namespace"]?.stringValue, !namespace.isEmpty { self.namespace = namespace }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        authority = try Self.content("certificate-authority", of: cluster, folder)
        isInsecure = cluster["insecure-skip-tls-verify"]?.boolValue ?? false
        guard let user = named("users", context["user"]?.stringValue)?["user"] else { return }
        if let token = user["token"]?.stringValue {
            self.token = token
        } else if let file = user["tokenFile"]?.stringValue {
            let text = String(decoding: try Self.read(Self.path(file, folder)), as: UTF8.self)
            token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        certificate = try Self.content("client-certificate", of: user, folder)
        key = try Self.content("client-key", of: user, folder)
        guard token != nil || certificate != nil else {
            throw .file(path: path, reason: "the user of the context has no token and no certificate")
        }
    }

    private static func content(
        _ name: String, of object: JSONValue, _ folder: String
    ) throws(BundleError) -> [UInt8]? {
        if let text = object[name + "-data"]?.stringValue {
            guard let data = Data(base64Encoded: text) else { throw .unclear("\(name)-data is not base64") }
            return Array(data)
        }
        guard let file = object[name]?.stringValue else { return nil }
        return try read(path(file, folder))
    }

    private static func path(_ file: String, _ folder: String) -> String {
        file.hasPrefix("/") ? file : folder + "/" + file
    }

    /// Bytes of a file of settings.
    private static let maximumFile = 4 << 20

    /// All bytes of a small file.
    public static func read(_ path: String) throws(BundleError) -> [UInt8] {
        let file = try ArchiveFile.open(path)
        let size = try file.size()
        guard size <= Int64(maximumFile) else { throw .file(path: path, reason: "has more than \(maximumFile) bytes") }
        return try file.read(at: 0, count: Int(size))
    }
}
