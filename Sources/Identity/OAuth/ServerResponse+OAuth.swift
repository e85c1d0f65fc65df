import APIServer
import HTTPTypes
import JSON

extension ServerResponse {
    /// For answers that hold secrets, or are made for one person: no cache keeps them, no frame shows them, and their
    /// addresses go nowhere.
    mutating func protectFromCaches() {
        headers[.cacheControl] = "no-store"
        headers[.pragma] = "no-cache"
        headers[.contentTypeOptions] = "nosniff"
        headers[.frameOptions] = "DENY"
        headers[.referrerPolicy] = "no-referrer"
    }

    /// 302 to an address.
    static func redirect(to url: String) -> ServerResponse {
        var response = ServerResponse(status: 302, headers: [.location: url])
        response.protectFromCaches()
        return response
    }

    /// A refusal as OAuth's endpoints show it.
    static func oauth(_ status: Int, _ error: OAuthError) -> ServerResponse {
        let document: JSONValue = .object(
            JSONObject(members: [
                ("error", .string(error.code.rawValue)), ("error_description", .string(error.description)),
            ]))
        var response = ServerResponse(status: status, contentType: "application/json", document.jsonBytes())
        response.protectFromCaches()
        return response
    }
}
