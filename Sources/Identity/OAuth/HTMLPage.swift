import APIServer
import Crypto
import HTTPTypes
import JSON

/// Text that is safe to stand in a page.
struct HTML: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    let text: String

    init(stringLiteral value: String) { text = value }
    init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

    /// Literal parts stay as they are, values are escaped.
    struct Interpolation: StringInterpolationProtocol {
        var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {}
        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ value: String) { text += HTML.escape(value) }
        mutating func appendInterpolation(_ value: HTML) { text += value.text }
    }

    /// Safe as content and in quoted attributes.
    private static func escape(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&#34;"
            case "'": out += "&#39;"
            case "\0": out += "\u{FFFD}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}

/// A page of the log-in: nothing in it comes from elsewhere, no script runs, nobody frames it, nothing keeps it.
enum HTMLPage {
    private static let style = """
        body{font-family:sans-serif;max-width:30rem;margin:4rem auto;padding:0 1rem;line-height:1.5}
        label{display:block;margin-top:1rem}input{width:100%;box-sizing:border-box;padding:.5rem;font-size:1rem}
        button{margin-top:1.5rem;padding:.5rem 1.5rem;font-size:1rem}
        .error{color:#a00}pre{white-space:pre-wrap;word-break:break-all;background:#eee;padding:.5rem}
        """

    private static let styleHash = String(
        decoding: Base64.encode(Array(SHA256.hash(data: Array(style.utf8)))), as: UTF8.self)

    /// - Parameter formTarget: where the answer to the page's form may redirect to, beside this server; nil for anywhere.
    static func response(
        _ status: Int, title: String, formTarget: String? = "", _ body: HTML
    ) -> ServerResponse {
        let page: HTML = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>\(title)</title>
            <style>\(HTML(stringLiteral: style))</style>
            </head>
            <body>
            <h1>\(title)</h1>
            \(body)
            </body>
            </html>

            """
        var response = ServerResponse(
            status: status, contentType: "text/html; charset=utf-8", Array(page.text.utf8))
        var policy = "default-src 'none'; style-src 'sha256-\(styleHash)'; base-uri 'none'; frame-ancestors 'none'"
        if let formTarget { policy += "; form-action 'self'" + (formTarget.isEmpty ? "" : " " + formTarget) }
        response.headers[.contentSecurityPolicy] = policy
        response.protectFromCaches()
        return response
    }
}

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
