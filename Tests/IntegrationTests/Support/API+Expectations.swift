import JSON
import Testing

extension JSONValue {
    /// The value at a path of members and positions, such as `items.0.metadata.name`.
    func at(_ path: String) -> JSONValue? {
        path.split(separator: ".").reduce(JSONValue?.some(self)) { value, part in
            if let array = value?.arrayValue {
                return Int(part).flatMap { array.indices.contains($0) ? array[$0] : nil }
            }
            return value?[String(part)]
        }
    }

    func text(at path: String) -> String? { at(path)?.stringValue }

    /// `metadata.resourceVersion` as a number; 0 where there is none.
    var version: Int64 { Int64(text(at: "metadata.resourceVersion") ?? "") ?? 0 }
}

extension API.Answer {
    /// The value at a path of the body; nil also where the body is no JSON.
    subscript(path: String) -> JSONValue? { (try? json())?.at(path) }

    func text(at path: String) -> String? { self[path]?.stringValue }

    func header(_ name: String) -> String? { headers.first(name: name) }

    /// Checks the code, and of a Status its reason and text.
    func expect(
        _ code: Int, _ reason: String? = nil, _ message: String? = nil, containing part: String? = nil,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(status == code, "\(text.prefix(500))", sourceLocation: location)
        if code >= 400, self["kind"] == "Status" {
            #expect(self["code"] == .integer(Int64(code)), sourceLocation: location)
        }
        if let reason { #expect(text(at: "reason") == reason, "\(text.prefix(500))", sourceLocation: location) }
        if let message { #expect(self.message == message, sourceLocation: location) }
        if let part { #expect(self.message.contains(part), "\(self.message)", sourceLocation: location) }
    }

    /// Checks that an object is refused as invalid because of one field.
    func expectInvalid(
        _ field: String, _ reason: String? = nil, _ text: String, at location: SourceLocation = #_sourceLocation
    ) {
        expect(422, "Invalid", at: location)
        let cause = self["details.causes.0"]
        #expect(cause?["field"]?.stringValue == field, "\(self.text)", sourceLocation: location)
        #expect(cause?["message"]?.stringValue?.contains(text) == true, "\(self.text)", sourceLocation: location)
        if let reason { #expect(cause?["reason"]?.stringValue == reason, sourceLocation: location) }
    }
}
