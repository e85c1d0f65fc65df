import APIServer
import ImageAPI
import Synchronization

/// How many signatures an Image may have when the server itself adds some (spec/import-and-controllers.md C.2). What
/// clients write is not bound by it.
public struct SignatureLimits: Sendable, Hashable {
    /// Signatures of an Image, stored ones included.
    public var count: Int
    /// Bytes of all their contents: an Image must be small enough for clients to send it back.
    public var bytes: Int

    public init(count: Int = 10, bytes: Int = 1 << 20) {
        self.count = count
        self.bytes = bytes
    }
}

/// What became of signatures that were to be added to an Image.
public enum SignatureAddition: Sendable, Hashable {
    /// So many were.
    case added(Int)
    case nothingNew
    /// The owners of pushed images put signatures themselves.
    case managed
    /// There would be too many, or too large ones: not even those that would fit are added (recorded oddity of C.2).
    case beyondLimit(count: Int, bytes: Int)
}

extension SignatureLimits {
    /// Appends to `image` those of `signatures` whose names it does not have, or changes nothing.
    func add(_ signatures: [ImageSignature], to image: inout Image) -> SignatureAddition {
        if image.isManaged { return .managed }
        var names = Set(image.signatures.map(\.metadata.name))
        let new = signatures.filter { names.insert($0.metadata.name).inserted }
        if new.isEmpty { return .nothingNew }
        let all = image.signatures + new
        let size = all.reduce(0) { $0 + ($1.content?.count ?? 0) }
        guard all.count <= count, size <= bytes else { return .beyondLimit(count: all.count, bytes: size) }
        image.signatures = all
        return .added(new.count)
    }

    /// Does so in the store.
    func record(
        _ signatures: [ImageSignature], image name: String, in images: ObjectStore<Image>, _ context: RequestContext
    ) async throws -> SignatureAddition {
        // Of the last attempt, which is the one that counts.
        let addition = Mutex(SignatureAddition.nothingNew)
        _ = try await images.update(
            name, strategy: ImageStrategy(), options: WriteOptions(), context,
            change: ObjectChange(isPatch: true) { current in
                var image = try current.object()
                let outcome = add(signatures, to: &image)
                addition.withLock { $0 = outcome }
                return image
            })
        return addition.withLock { $0 }
    }
}

extension Image {
    /// Whether its content was pushed to the integrated registry.
    public var isManaged: Bool { metadata.annotations[KnownAnnotation.managed] == "true" }
}
