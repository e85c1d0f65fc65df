import APIMachinery
import ImageAPI
import JSON

extension ImageStreamLayers {
    /// Which blobs and images a stream refers to (spec/image-resources.md 10.2).
    ///
    /// The reference looks again after 250 ms where an image is missing, because its index may lag behind. Here an
    /// Image is in the index before any stream that names it is seen, so a second look would find nothing new.
    ///
    /// - Parameter records: of the images the stream refers to and of what they list, where they exist.
    init(stream: ImageStream, records: [String: ImageLayerRecord]) {
        self.init()
        metadata = stream.metadata
        for image in stream.status.images { add(image, records) }
    }

    private mutating func add(_ root: String, _ records: [String: ImageLayerRecord]) {
        var pending = [root]
        while let name = pending.popLast() {
            guard images[name] == nil else { continue }
            guard let record = records[name] else {
                images[name] = ImageBlobReferences(imageMissing: true)
                continue
            }
            var references = ImageBlobReferences()
            references.layers = record.layers.map(\.name)
            references.config = record.config
            references.manifests = record.manifests
            images[name] = references
            for layer in record.layers where blobs[layer.name] == nil {
                blobs[layer.name] = ImageLayerData(size: layer.size, mediaType: layer.mediaType)
            }
            if let config = record.config, blobs[config] == nil {
                blobs[config] = ImageLayerData(size: nil, mediaType: record.configMediaType)
            }
            if blobs[name] == nil { blobs[name] = ImageLayerData(size: nil, mediaType: record.mediaType) }
            pending += record.manifests.reversed()
        }
    }

    /// What would make the answer useless (10.3).
    func failures() -> [FieldError] {
        images.sorted { Exactly.precedes($0.key, $1.key) }.flatMap { name, references -> [FieldError] in
            let field = "images[\(name)]"
            if references.imageMissing { return [] }
            if references.manifests.isEmpty {
                var errors: [FieldError] = references.layers.enumerated().filter(\.element.isEmpty).map { index, _ in
                    .invalid("\(field).layers[\(index)]", "", "layer cannot be empty")
                }
                if references.config == "" {
                    errors.append(.invalid("\(field).config", "", "config cannot be an empty string"))
                }
                return errors
            }
            var errors: [FieldError] = []
            if !references.layers.isEmpty {
                errors.append(
                    .invalid(
                        "\(field).layers", .json(.array(references.layers.map { .string($0) })),
                        "layers must be empty if manifests are present"))
            }
            if let config = references.config {
                errors.append(
                    .invalid("\(field).config", .string(config), "config must be null if manifests are present"))
            }
            errors += references.manifests.enumerated().filter(\.element.isEmpty).map { index, _ in
                .invalid("\(field).manifests[\(index)]", "", "manifest cannot be empty")
            }
            return errors
        }
    }
}

extension ImageStreamStatus {
    /// The images of all histories, in their order; one that is there twice comes twice.
    var images: [String] { tags.flatMap { $0.items.lazy.map(\.image).filter { !$0.isEmpty } } }
}
