import APIMachinery
import HTTPTypes
import JSON

/// Turns JSON into the body a client asked for.
struct ResponseEncoder {
    let form: OutputForm

    /// A complete answer from compact JSON.
    func response(_ status: Int, _ json: [UInt8]) -> ServerResponse {
        ServerResponse(status: status, contentType: form.mediaType.rawValue, body(json))
    }

    func body(_ json: [UInt8]) -> [UInt8] {
        switch form.mediaType {
        case .json:
            // Indented answers end without a newline, compact ones with one, as the reference sends them.
            if form.isPretty { return JSONText.indented(json) }
            return json + [UInt8(ascii: "\n")]
        case .yaml:
            guard let value = try? JSONValue.parse(json), let text = try? YAML.serialize(value) else { return json }
            return Array(text.utf8)
        }
    }

    func response(_ error: APIError) -> ServerResponse {
        var response = response(error.code, error.status.jsonBytes())
        if let seconds = error.status.details?.retryAfterSeconds, seconds > 0 {
            response.headers[.retryAfter] = String(seconds)
        }
        return response
    }
}
