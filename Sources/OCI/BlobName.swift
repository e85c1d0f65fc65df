/// What a blob is called in an object: a digest nearly always, any text where a client wrote one.
///
/// Memory is full of them, and a digest takes a quarter of its text.
public struct BlobName: Hashable, Sendable {
    private enum Form: Hashable, Sendable {
        case digest(Digest)
        case text(String)
    }

    private let form: Form

    public init(_ text: String) {
        form = Digest(text).map(Form.digest) ?? .text(text)
    }

    public init(_ digest: Digest) {
        form = .digest(digest)
    }

    public var text: String {
        switch form {
        case .digest(let digest): digest.description
        case .text(let text): text
        }
    }

    /// Nil where it is another text.
    public var digest: Digest? {
        switch form {
        case .digest(let digest): digest
        case .text: nil
        }
    }
}

extension BlobName: Comparable {
    /// In some order.
    public static func < (left: BlobName, right: BlobName) -> Bool {
        switch (left.form, right.form) {
        case (.digest(let left), .digest(let right)): left < right
        case (.text(let left), .text(let right)): left < right
        case (.digest, .text): true
        case (.text, .digest): false
        }
    }
}
