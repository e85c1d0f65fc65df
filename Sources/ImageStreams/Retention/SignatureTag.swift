import OCI

/// A tag that belongs to an image rather than naming one: `sha256-<hex>` with `.sig`, `.att`, `.sbom` or nothing behind it,
/// as cosign and the fallback of the referrers API write them (spec/registry.md 6.8).
struct SignatureTag: Hashable, Sendable {
    /// The digest of the image that is signed or described.
    let subject: String

    /// Nil for any other tag.
    init?(_ tag: String) {
        let bytes = Array(tag.utf8)
        guard bytes.count >= 71, tag.hasPrefix("sha256-"),
            ["", ".sig", ".att", ".sbom"].contains(String(tag.dropFirst(71))),
            let digest = Digest("sha256:\(tag.dropFirst(7).prefix(64))")
        else { return nil }
        subject = digest.description
    }
}
