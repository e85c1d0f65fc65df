import APIServer
import Crypto
import HTTPTypes
import JSON

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
