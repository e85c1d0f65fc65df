import OCI

/// Media types in the headers of requests.
enum MediaTypes {
    /// The type itself; empty for none.
    static func essence(_ header: String?) -> String { header.map(MediaType.essence) ?? "" }
}
