import APIServer
import HTTPTypes
import JSON

/// Name and password of basic authentication (RFC 7617).
struct BasicCredentials: Sendable {
    var name: String
    var password: String

    /// - Returns: nil where the request has none, or they do not decode.
    init?(_ request: ServerRequest) {
        let parts = (request.header(.authorization) ?? "").split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic", parts[1].utf8.count <= 8192,
            case .bytes(let bytes) = Base64.decode(Array(parts[1].utf8)),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let name = String(validating: bytes[..<colon], as: UTF8.self),
            let password = String(validating: bytes[(colon + 1)...], as: UTF8.self)
        else { return nil }
        self.name = name
        self.password = password
    }
}
