import Blobs

/// A kind of engine under test. Opening the same place again is a restart.
public struct BlobStoreFactory: Sendable, CustomStringConvertible {
    public var description: String
    public var open: @Sendable (_ place: String) async throws -> any BlobStore

    public init(_ description: String, open: @escaping @Sendable (_ place: String) async throws -> any BlobStore) {
        self.description = description
        self.open = open
    }
}
