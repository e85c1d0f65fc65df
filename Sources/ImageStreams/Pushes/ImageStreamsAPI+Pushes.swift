import APIMachinery
import APIServer
import ImageAPI
import JSON
import Store

/// What the registry behind the streams does with them, in process (spec/registry.md 3.5, 3.7).
///
/// All of it is done with the server's own rights: the registry has asked for the permissions of its own.
extension ImageStreamsAPI {
    /// A stream as clients see it; nil where there is none.
    public func stream(_ name: String, namespace: String) async throws -> ImageStream? {
        try await streams.object(name, namespace: namespace).map(tags.presented)
    }

    /// The `resourceVersion` of a stream; nil where there is none. Decodes nothing.
    public func revision(of stream: String, namespace: String) async throws -> Int64? {
        try await streams.revision(of: stream, namespace: namespace)
    }

    /// The names of streams in the order of `namespace/name`.
    /// - Parameter last: the name behind which the page begins; empty for the first.
    public func names(after last: String, limit: Int) async throws -> [(namespace: String, name: String)] {
        try await streams.names(after: last, limit: limit)
    }

    /// Creates an empty stream for the first push into it.
    public func createStream(
        _ name: String, annotations: [String: String] = [:], _ context: RequestContext
    ) async throws -> ImageStream {
        var stream = ImageStream()
        stream.metadata.name = name
        stream.metadata.annotations = annotations
        let options = WriteOptions()
        let new = stream
        return try await tags.chargingStream(new, options, context) {
            try await streams.create(
                new, strategy: ImageStreamStrategy(rules: tags.rules), options: options, context)
        }
    }

    /// Refuses an image that is larger than the namespace's limit ranges allow.
    /// - Throws: 403 with the limit in its text.
    public func checkSize(of image: Image, stream: String, _ context: RequestContext) async throws {
        try await tags.checkSize(
            of: image, for: ImageStreamsGroup.resource("imagestreammappings"), stream, context)
    }

    /// Refuses a push that would be refused by the stream as it is now; writes nothing.
    /// - Parameter known: nil for a stream that the push will make.
    /// - Throws: `APIError`.
    public func check(
        _ push: TagPush, to stream: String, as known: ImageStream?, _ context: RequestContext
    ) async throws {
        var fresh = ImageStream()
        (fresh.metadata.namespace, fresh.metadata.name) = (context.namespace, stream)
        try await tags.check(push, to: known ?? fresh, context.with(cause: "push"))
    }

    /// The largest images a namespace lets in: each bound is in bytes and stands for itself.
    public func maximumImageSizes(in namespace: String) async throws -> [Quantity] {
        try await tags.rules.ledger.limits.imageSizes(in: namespace)
    }

    /// Stores the Image of a pushed manifest, or marks the one that is there as local (spec/registry.md N-8).
    public func storePushed(_ image: Image, _ context: RequestContext) async throws {
        var context = context
        context.resource = ImageStreamsGroup.resource("images")
        context.namespace = ""
        do {
            _ = try await images.create(image, strategy: ImageStrategy(), options: WriteOptions(), context)
        } catch let error as APIError where error.reason == "AlreadyExists" {
            guard let known = try await images.object(image.metadata.name, namespace: "") else {
                return try await storePushed(image, context)
            }
            if known.isManaged, known.metadata.annotations[KnownAnnotation.manifestBlobStored] == "true" { return }
            _ = try await images.update(
                image.metadata.name, strategy: ImageStrategy(), options: WriteOptions(), context,
                change: ObjectChange(isPatch: true) { shown in
                    var local = try shown.object()
                    for key in [KnownAnnotation.managed, KnownAnnotation.manifestBlobStored] {
                        local.metadata.annotations[key] = "true"
                    }
                    local.metadata.annotations[KnownAnnotation.remoteLayers] =
                        image.metadata.annotations[KnownAnnotation.remoteLayers]
                    return local
                })
        }
    }

    /// Notes on an Image that the registry has all of it by now, if it is there still.
    /// - Parameter isMirrored: it was copied, not pushed.
    public func noteComplete(_ image: String, isMirrored: Bool, _ context: RequestContext) async throws {
        var context = context
        context.resource = ImageStreamsGroup.resource("images")
        context.namespace = ""
        guard let known = try await images.object(image, namespace: "") else { return }
        @Sendable func noted(_ image: Image) -> Image {
            var image = image
            image.metadata.annotations[KnownAnnotation.remoteLayers] = nil
            if isMirrored { image.metadata.annotations[KnownAnnotation.mirrored] = "true" }
            return image
        }
        guard noted(known).metadata.annotations != known.metadata.annotations else { return }
        do {
            _ = try await images.update(
                image, strategy: ImageStrategy(), options: WriteOptions(), context,
                change: ObjectChange(isPatch: true) { noted(try $0.object()) })
        } catch let error as APIError where error.reason == "NotFound" {
            // It was deleted meanwhile.
        }
    }

    /// Makes a stored Image the newest of tags, with the cause `push`.
    /// - Throws: `APIError`, as writes of streams do; what the push's precondition throws.
    public func push(_ push: TagPush, to stream: String, _ context: RequestContext) async throws {
        try await tags.push(push, to: stream, options: WriteOptions(), context.with(cause: "push"))
    }

    /// Takes a tag out of a stream, as deleting its ImageStreamTag does.
    /// - Throws: 404 where there is no such tag.
    public func deleteTag(
        _ tag: String, of stream: String, _ context: RequestContext,
        companions: @escaping @Sendable (ImageStream) async throws -> Companions
    ) async throws {
        _ = try await tags.deleteTag(
            TagName(stream: stream, tag: tag), options: DeleteOptions(), context, companions: companions)
    }

    /// Takes an image out of a stream: every tag whose newest event names it goes whole, and every older event that
    /// does (spec/registry.md E-3).
    /// - Throws: 404 where there is no such stream.
    public func deleteImage(
        _ image: String, of stream: String, _ context: RequestContext,
        companions: @escaping @Sendable (ImageStream) async throws -> Companions
    ) async throws {
        for _ in 0..<TagStore.attempts {
            var changed = try await tags.requireStream(stream, context)
            let rows = try await companions(changed)
            let gone = Set(changed.status.tags.filter { $0.items.first?.image == image }.map { ExactString($0.tag) })
            changed.spec.tags.removeAll { gone.contains(ExactString($0.name)) }
            changed.status.tags.removeAll { gone.contains(ExactString($0.tag)) }
            for index in changed.status.tags.indices {
                changed.status.tags[index].items.removeAll { $0.image == image }
            }
            do {
                _ = try await tags.write(changed, isNew: false, options: WriteOptions(), context, companions: rows)
                return
            } catch let error as APIError where error.reason == "Conflict" {
                continue
            }
        }
        throw APIError.serverTimeout(context.resource, operation: "delete")
    }

    /// Whether a stream has an image from another one, by a tag whose maker might read that.
    public func isGiven(_ image: String, to stream: ImageStream) async throws -> Bool {
        let key = LedgerKeys.reference(
            image: image, namespace: stream.metadata.namespace, stream: stream.metadata.name)
        do throws(StoreError) {
            let row = try await store.get(key).flatMap { ImageReferenceRow(decoding: $0.value) }
            return row?.isGiven == true && row?.uid == stream.metadata.uid
        } catch {
            throw APIError(error)
        }
    }

    /// The revision of the store at which a tag event last brought an image into a stream: when the image came, came from
    /// another stream, or became the newest of a tag once more. 0 where that is not known.
    public func arrival(of image: String, in stream: ImageStream) async throws -> Int64 {
        let (namespace, name) = (stream.metadata.namespace, stream.metadata.name)
        var last: Int64 = 0
        for key in [
            LedgerKeys.reference(image: image, namespace: namespace, stream: name),
            LedgerKeys.renewal(image: image, namespace: namespace, stream: name),
        ] {
            do throws(StoreError) {
                guard let row = try await store.get(key),
                    ImageReferenceRow(decoding: row.value)?.uid == stream.metadata.uid
                else { continue }
                last = max(last, row.modRevision)
            } catch {
                throw APIError(error)
            }
        }
        return last
    }

    /// Adds a signature that somebody pushed, as creating an ImageSignature does.
    /// - Throws: 409 for one that is there, 404 where there is no such Image, 422 for what is none.
    public func createSignature(_ signature: ImageSignature, _ context: RequestContext) async throws {
        _ = try await ImageSignatureResource(images: images).create(signature, options: WriteOptions(), context)
    }

    /// What an Image is made of; nil where there is no such Image.
    public func layerRecord(of image: String) async throws -> ImageLayerRecord? {
        try await layerIndex.record(of: image)
    }

    /// What the images of a stream are made of, with the children of lists, by their names.
    public func layerRecords(of images: [String]) async throws -> [String: ImageLayerRecord] {
        try await layerIndex.records(of: images)
    }

    /// The state of what Images are made of: with a stream's revision it tells whether what was computed of its images
    /// still holds.
    public var layerVersion: LayerVersion {
        LayerVersion(creation: layerIndex.version.creation, change: layerIndex.version.change)
    }
}

/// Which state the records of images are in.
public struct LayerVersion: Hashable, Sendable {
    /// The store's revision at which one was added last. Matters to who missed one.
    public var creation: Int64
    /// Likewise changed or removed.
    public var change: Int64
}
