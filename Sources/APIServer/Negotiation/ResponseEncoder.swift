import APIMachinery
import HTTPTypes
import JSON

/// Turns JSON into the body a client asked for.
struct ResponseEncoder {
    let form: OutputForm

    /// A complete answer from compact JSON.
    ///
    /// - Parameter schema: the type of the object, nil where it has no protobuf form. What cannot be sent as protobuf
    ///   is sent as JSON, which every client takes (spec/clients.md 1.5).
    func response(_ status: Int, _ json: [UInt8], _ schema: TypeSchema?) -> ServerResponse {
        switch form.mediaType {
        case .json: break
        case .yaml:
            if let value = try? JSONValue.parse(json), let text = try? YAML.serialize(value) {
                return ServerResponse(status: status, contentType: form.mediaType.rawValue, Array(text.utf8))
            }
        case .protobuf:
            if let schema, let envelope = try? ProtobufEnvelope(json: json, schema: schema) {
                return ServerResponse(status: status, contentType: form.mediaType.rawValue, envelope.bytes)
            }
        }
        // Indented answers end without a newline, compact ones with one, as the reference sends them.
        if form.isPretty {
            return ServerResponse(
                status: status, contentType: OutputForm.MediaType.json.rawValue, JSONText.indented(json))
        }
        return compact(status, [json[...]])
    }

    /// As above, from JSON in pieces, which are joined only where they have to be.
    func response(_ status: Int, _ pieces: [ArraySlice<UInt8>], _ schema: TypeSchema?) -> ServerResponse {
        if sendsAsEncoded { return compact(status, pieces) }
        return response(status, Array(pieces.joined()), schema)
    }

    /// Whether JSON goes out as it is.
    var sendsAsEncoded: Bool { form.mediaType == .json && !form.isPretty }

    /// A list that is read while it is sent. Where reading fails the connection is cut: no client takes half a list
    /// for a whole one.
    func response<Object>(_ list: EncodedList<Object>, rest: OutputPages<Object>) -> ServerResponse {
        ServerResponse(
            status: 200, headers: [.contentType: OutputForm.MediaType.json.rawValue],
            body: .stream { writer in
                try await list.write(rest: rest, to: writer)
                try await writer.write(Array(Self.newline))
            })
    }

    private func compact(_ status: Int, _ pieces: [ArraySlice<UInt8>]) -> ServerResponse {
        ServerResponse(
            status: status, headers: [.contentType: OutputForm.MediaType.json.rawValue],
            body: .pieces(pieces + [Self.newline]))
    }

    private static let newline = [UInt8(ascii: "\n")][...]

    func response(_ status: Int, _ object: Status) -> ServerResponse {
        response(status, object.jsonBytes(), Status.schema)
    }

    func response(_ error: APIError) -> ServerResponse {
        var response = response(error.code, error.status)
        if let seconds = error.status.details?.retryAfterSeconds, seconds > 0 {
            response.headers[.retryAfter] = String(seconds)
        }
        return response
    }
}
