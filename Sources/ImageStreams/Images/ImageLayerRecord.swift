import APIMachinery
import APIServer
import ImageAPI
import JSON
import OCI
import Store

/// Which blobs an image is made of: a row beside every Image, and what `imagestreams/layers` is answered from
/// (spec/image-resources.md 10.1).
public struct ImageLayerRecord: Hashable, Sendable {
    public struct Layer: Hashable, Sendable {
        /// Its name, as ``name`` has it, in little memory.
        public private(set) var blob: BlobName
        public var size: Int64
        public var mediaType: String

        public var name: String { blob.text }

        init(name: String, size: Int64, mediaType: String) {
            blob = BlobName(name)
            self.size = size
            self.mediaType = mediaType
        }
    }

    public var name: String
    public var mediaType: String
    /// The name of the config blob; empty where the metadata should name it and does not.
    public var config: String?
    public var configMediaType: String
    public var layers: [Layer]
    /// The digests of the children of a manifest list.
    public var manifests: [String]

    init(_ image: Image) {
        name = image.metadata.name
        mediaType = image.dockerImageManifestMediaType.nonEmpty ?? MediaType.dockerManifest
        layers = image.dockerImageLayers.map { Layer(name: $0.name, size: $0.size, mediaType: $0.mediaType) }
        manifests = image.dockerImageManifests.map(\.digest)
        configMediaType = ""
        // An Image without a media type has no config here, although its manifest counts as schema 2.
        switch image.dockerImageManifestMediaType {
        case MediaType.dockerManifest: configMediaType = MediaType.dockerConfig
        case MediaType.ociManifest: configMediaType = MediaType.ociConfig
        default: return
        }
        config = (try? ImageMetadata.document(of: image))?.id
    }

    // MARK: Rows

    /// Nil for bytes that are no record.
    public init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes), let name = value["name"]?.stringValue else { return nil }
        self.name = name
        mediaType = value["mediaType"]?.stringValue ?? ""
        config = value["config"]?.stringValue
        configMediaType = value["configMediaType"]?.stringValue ?? ""
        layers = []
        let elements = value["layers"]?.arrayValue ?? []
        layers.reserveCapacity(elements.count)
        for layer in elements {
            // Most layers of an image are of one type: they share its text.
            var mediaType = layer["mediaType"]?.stringValue ?? ""
            if let last = layers.last?.mediaType, last == mediaType { mediaType = last }
            layers.append(
                Layer(
                    name: layer["name"]?.stringValue ?? "", size: layer["size"]?.integerValue ?? 0,
                    mediaType: mediaType))
        }
        manifests = (value["manifests"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    func encoded() -> [UInt8] {
        var out = JSONObject()
        out["name"] = .string(name)
        out["mediaType"] = .string(mediaType)
        if let config {
            out["config"] = .string(config)
            out["configMediaType"] = .string(configMediaType)
        }
        out["layers"] = .array(
            layers.map { ["name": .string($0.name), "size": .integer($0.size), "mediaType": .string($0.mediaType)] })
        if !manifests.isEmpty { out["manifests"] = .array(manifests.map { .string($0) }) }
        return JSONValue.object(out).jsonBytes()
    }

    /// The row that goes with one write of an Image.
    @Sendable
    static func rows(_ write: ObjectWrite<Image>) throws -> [Mutation] {
        let before = write.old.map(ImageLayerRecord.init)
        guard let new = write.new else {
            return before.map { [.delete(key: LedgerKeys.blobs(image: $0.name))] } ?? []
        }
        let after = ImageLayerRecord(new)
        if before == after { return [] }
        return [.put(key: LedgerKeys.blobs(image: after.name), value: after.encoded())]
    }
}
