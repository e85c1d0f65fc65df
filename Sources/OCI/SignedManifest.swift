#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// An image manifest of Docker's schema 1, which carries its signatures inside (A.20.2).
///
/// The signatures themselves are not verified, as in the reference: they only say which bytes are signed.
public struct SignedManifest: Hashable, Sendable {
    public var name: String
    public var tag: String
    public var architecture: String
    /// Newest first, as written.
    public var layers: [Digest]
    /// The v1Compatibility texts, newest first. The number may differ from that of `layers`.
    public var history: [String]

    /// The signed bytes: the document as it was before the signatures were put in.
    ///
    /// Each signature's protected header tells how many bytes of the document belong to the payload (`formatLength`)
    /// and what followed them (`formatTail`). All signatures must agree.
    public static func payload(of bytes: [UInt8], limits: ManifestLimits = .standard) throws(ManifestError) -> [UInt8] {
        try payload(of: bytes, missing: "the manifest has no signatures", limits: limits)
    }

    static func payload(of bytes: [UInt8], missing: String, limits: ManifestLimits) throws(ManifestError) -> [UInt8] {
        let object: LooseObject
        do { object = try LooseObject.parse(bytes, limit: limits.bytes) } catch {
            throw error.kind == .malformed ? ManifestError(.unsupported, missing) : error
        }
        guard object["signatures"]?.arrayValue != nil else { throw .init(.unsupported, missing) }
        var agreed: (length: Int, tail: [UInt8])?
        for signature in try object.objects("signatures", limit: 64) {
            guard let header = base64URL(try signature.string("protected")) else {
                throw .init(.malformed, "\(signature.path).protected: illegal base64 data")
            }
            let protected = try LooseObject.parse(header, limit: limits.bytes)
            guard let length = Int(exactly: try protected.integer("formatlength")), length > 0, length <= bytes.count,
                let tail = base64URL(try protected.string("formattail"))
            else { throw .init(.malformed, "\(signature.path).protected: invalid format length or tail") }
            if let agreed, agreed.length != length || agreed.tail != tail {
                throw .init(.malformed, "the signatures disagree about the payload")
            }
            agreed = (length, tail)
        }
        guard let agreed else { throw .init(.unsupported, missing) }
        return bytes[..<agreed.length] + agreed.tail
    }

    static func base64URL(_ text: String) -> [UInt8]? {
        var standard = String(
            text.map { character in
                switch character {
                case "-": "+"
                case "_": "/"
                default: character
                }
            })
        while standard.hasSuffix("=") { standard.removeLast() }
        standard += String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        return Data(base64Encoded: standard).map(Array.init)
    }
}

extension SignedManifest {
    /// The manifest inside the payload, and the payload.
    static func read(
        _ bytes: [UInt8], contentType: String, limits: ManifestLimits
    ) throws(ManifestError) -> (manifest: SignedManifest, payload: [UInt8]) {
        let missing = "unsupported manifest media type \"\(MediaType.essence(contentType))\""
        let payload = try payload(of: bytes, missing: missing, limits: limits)
        let document = try ManifestDocument(parsing: payload, limits: limits)
        guard document.schemaVersion == 1 else {
            throw .init(.malformed, "the signed manifest has schema version \(document.schemaVersion), not 1")
        }
        var layers: [Digest] = []
        layers.reserveCapacity(document.fsLayers.count)
        for (index, text) in document.fsLayers.enumerated() {
            do { layers.append(try Digest(parsing: text)) } catch {
                throw .init(.malformed, "fsLayers[\(index)].blobSum: \(error.text)")
            }
        }
        let manifest = SignedManifest(
            name: document.name, tag: document.tag, architecture: document.architecture, layers: layers,
            history: document.history)
        return (manifest, payload)
    }
}

/// The little that is needed of a v1Compatibility text. Members that are absent or unreadable are empty.
public struct SchemaOneHistory: Hashable, Sendable {
    /// The image id of the old format; hex without an algorithm.
    public let id: String
    /// Bytes of the layer, 0 if unknown; never negative.
    public let size: Int64

    public init(v1Compatibility text: String) {
        let object = try? LooseObject.parse(Array(text.utf8), limit: ManifestLimits.standard.bytes)
        id = (try? object?.string("id")) ?? ""
        size = max(0, (try? object?.integer("size")) ?? 0)
    }
}
