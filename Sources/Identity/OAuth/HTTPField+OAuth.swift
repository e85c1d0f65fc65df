import APIServer
import HTTPTypes

extension HTTPField.Name {
    /// The names are literals that are tokens, which is all the initializer asks for.
    private static func literal(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .server }

    static let host = literal("Host")
    static let csrfToken = literal("X-CSRF-Token")
    static let pragma = literal("Pragma")
    static let frameOptions = literal("X-Frame-Options")
    static let referrerPolicy = literal("Referrer-Policy")
}

extension ServerRequest {
    /// What the request calls the server; nil where it does not say, or says two things.
    var host: String? {
        let values = headers[values: .host]
        return values.count == 1 ? values[0] : nil
    }
}
