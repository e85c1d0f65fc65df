import HTTPTypes

extension HTTPField.Name {
    /// The names are literals that are tokens, which is all the initializer asks for.
    private static func literal(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .server }

    static let dockerContentDigest = literal("Docker-Content-Digest")
    static let dockerUploadUUID = literal("Docker-Upload-UUID")
    static let distributionVersion = literal("Docker-Distribution-Api-Version")
    static let supportsSignatures = literal("X-Registry-Supports-Signatures")
    static let registryRequestURL = literal("X-Registry-Request-URL")
    static let requestID = literal("X-Request-Id")
    static let ociSubject = literal("OCI-Subject")
    static let ociNamespace = literal("OCI-Namespace")
    static let ociTag = literal("OCI-Tag")
    static let ociFiltersApplied = literal("OCI-Filters-Applied")
    static let ociUploadOffset = literal("OCI-Upload-Offset")
    static let link = literal("Link")
    static let allow = literal("Allow")
    static let vary = literal("Vary")
    static let acceptRanges = literal("Accept-Ranges")
    static let host = literal("Host")
    static let forwarded = literal("Forwarded")
    static let forwardedProto = literal("X-Forwarded-Proto")
    static let forwardedHost = literal("X-Forwarded-Host")
}

/// `Warning` headers (spec/registry.md O-1).
enum WarningText {
    /// - Parameter text: of any characters; what cannot stand in a header is replaced, and much is cut.
    static func value(_ code: Int, _ text: String) -> String {
        let text = text.unicodeScalars.prefix(400).map { scalar in
            scalar == "\"" || scalar == "\\" || !(0x20..<0x7F).contains(scalar.value) ? "?" : Character(scalar)
        }
        return "\(code) - \"\(String(text))\""
    }
}
