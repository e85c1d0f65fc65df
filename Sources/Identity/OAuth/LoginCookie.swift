import APIServer
import HTTPTypes

/// A value that a browser keeps for the pages of the log-in: by it a page knows that a form is its own.
enum LoginCookie: String {
    /// Comes back with every form, where the same value must stand.
    case form = "__Host-weir-form"
    /// Of the request for a token that a browser has under way.
    case state = "__Host-weir-state"

    /// The value that a browser sent; nil where there is none, or it is none of ours.
    func value(in request: ServerRequest) -> String? {
        for header in request.headers[values: .cookie] {
            for pair in header.split(separator: ";") {
                let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0] == rawValue, parts[1].utf8.count == 43 { return String(parts[1]) }
            }
        }
        return nil
    }

    /// Pages of others cannot read it, set it, or have it sent along with forms of theirs.
    func set(_ value: String, in response: inout ServerResponse) {
        let field = HTTPField(
            name: .setCookie,
            value: "\(rawValue)=\(value); Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600")
        response.headers.append(field)
    }

    /// Whether a form came with the value that the browser keeps.
    func matches(_ submitted: String?, in request: ServerRequest) -> Bool {
        guard let submitted, let kept = value(in: request) else { return false }
        return ConstantTime.areEqual(submitted.utf8, kept.utf8)
    }
}
