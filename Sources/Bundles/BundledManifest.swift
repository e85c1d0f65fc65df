import JSON
import OCI

extension Descriptor {
    /// Whether an entry of an index is a manifest: caches of builders list layers.
    var isManifest: Bool {
        MediaType.manifestKind(mediaType) != nil || mediaType.hasSuffix("+json") && platform != nil
    }

    /// - Parameter actual: bytes.
    /// - Throws: `.unclear` where the content has another size.
    func requireSize(_ actual: Int64) throws(BundleError) {
        guard actual != size else { return }
        throw .unclear("\(digest) has \(actual) bytes, and should have \(size)")
    }
}

/// A manifest as far as a bundle must understand it.
struct BundledManifest: Sendable {
    let digest: Digest
    let mediaType: String
    let bytes: [UInt8]
    /// Config and layers, without those that their owners do not let be handed on.
    let blobs: [Descriptor]
    let children: [Descriptor]
    let subject: Digest?
    let artifactType: String

    /// - Parameter mediaType: what the descriptor or the server says; empty where nobody does.
    /// - Throws: `.unclear` for what is no manifest that a bundle can have.
    init(_ digest: Digest, _ bytes: [UInt8], mediaType said: String) throws(BundleError) {
        let limits = JSONLimits(depth: 200, bytes: bytes.count)
        guard let object = try? JSONValue.parse(bytes, limits: limits).objectValue else {
            throw Self.unreadable(digest, "it is no JSON object")
        }
        self.digest = digest
        self.bytes = bytes
        let inside = object["mediaType"]?.stringValue ?? ""
        var type = MediaType.essence(inside.isEmpty ? said : inside)
        if type.isEmpty {
            // OCI's may leave it out.
            type =
                object["manifests"] != nil ? MediaType.ociIndex : object["config"] != nil ? MediaType.ociManifest : ""
        }
        mediaType = type
        let kind = MediaType.manifestKind(type)
        guard kind != .schema1, object["fsLayers"] == nil else {
            throw .unclear("the manifest \(digest) is of the old schema 1, which OCI layouts cannot have")
        }
        var named: (blobs: [Descriptor], children: [Descriptor])
        if kind == nil {
            let document = OpaqueManifest(object)
            named = ((document.config.map { [$0] } ?? []) + document.layers, document.manifests)
            (subject, artifactType) = (document.subject?.digest, document.artifactType)
        } else {
            do {
                let document = try ManifestDocument(parsing: bytes, limits: .stored)
                named.blobs = try Self.checked((document.config.map { [$0] } ?? []) + document.layers)
                // What has a digest that nobody knows is nowhere.
                named.children = try Self.checked(document.manifests.filter { !Digest.isUnregistered($0.digest) })
                (subject, artifactType) = (document.subject.flatMap { Digest($0.digest) }, document.artifactType)
            } catch {
                throw Self.unreadable(digest, error.text)
            }
        }
        // Somebody else made it: there may be tens of thousands of each.
        var seen = (blobs: Set<Digest>(), children: Set<Digest>())
        blobs = named.blobs.filter { !Self.isForeign($0.mediaType) && seen.blobs.insert($0.digest).inserted }
        children = named.children.filter { seen.children.insert($0.digest).inserted }
    }

    private static func unreadable(_ digest: Digest, _ reason: String) -> BundleError {
        .unclear("the manifest \(digest) cannot be read: \(reason)")
    }

    private static func checked(_ list: [LooseDescriptor]) throws(ManifestError) -> [Descriptor] {
        var out: [Descriptor] = []
        for entry in list { out.append(try entry.checked(at: "an entry")) }
        return out
    }

    private static func isForeign(_ mediaType: String) -> Bool {
        mediaType == MediaType.dockerForeignLayer
            || mediaType.hasPrefix("application/vnd.oci.image.layer.nondistributable.v1.tar")
    }

    /// The entry in `index.json`.
    func descriptor(named name: String?) -> JSONValue {
        var out = JSONObject()
        out["mediaType"] = .string(mediaType)
        out["digest"] = .string(digest.description)
        out["size"] = .integer(Int64(bytes.count))
        if !artifactType.isEmpty { out["artifactType"] = .string(artifactType) }
        if let name { out["annotations"] = ["org.opencontainers.image.ref.name": .string(name)] }
        return .object(out)
    }
}
