import APIMachinery
import HTTPTypes
import JSON

extension TypedEndpoint {
    /// Applies a JSON patch or a merge patch to the current object (spec/api-machinery.md 6.1).
    ///
    /// Strategic merge and server-side apply have their place here and come with the complete API machinery.
    func patch(_ call: APICall) async throws -> ServerResponse {
        guard let updatable else { throw APIError.methodNotSupported(groupResource, verb: "patch") }
        let format = try PatchFormat(contentType: call.request.header(.contentType))
        let form = try form(of: call)
        let body = try await BodyDecoder.collect(call.request)
        let options = try call.options.writeOptions(kind: "PatchOptions", isApply: format == .apply)
        let patch = try Patch(body, format: format, options: options, warnings: call.context.warnings)
        let decoder = environment.decoder
        let change = ObjectChange<Object>(isPatch: true) { current in
            let before = try JSONValue.parsed(current.encoded.json)
            let after = try patch.apply(to: before)
            var object: Object = try decoder.decodePatched(
                after, patch: patch, options: options, warnings: call.context.warnings)
            try checkNameInBody(object.metadata.name, call)
            try completeNamespace(&object, call)
            return object
        }
        let (output, created) = try await updatable.update(call.name, options: options, call.context, change: change)
        return try render(output, status: created ? 201 : 200, form: form, call)
    }
}

/// A patch that was read from a body and can be applied to any object.
struct Patch: Sendable {
    private enum Form: Sendable {
        case json(JSONPatch)
        case merge(JSONValue)
    }
    private let form: Form
    /// What validation errors show as the bad value; nil for the patched document.
    let shownValue: String?
    /// Fields the patch sets twice, as field validation prints them.
    let issues: [String]

    init(_ body: [UInt8], format: PatchFormat, options: WriteOptions, warnings: WarningRecorder) throws {
        switch format {
        case .json:
            shownValue = nil
            let (document, _) = try Self.parse(body)
            do {
                let patch = try JSONPatch(document)
                form = .json(patch)
                issues = patch.unknownFields
            } catch {
                throw Self.error(error)
            }
            try BodyDecoder.report(issues, options: options, warnings: warnings) {
                .badRequest("strict decoding error: \($0)")
            }
        case .merge:
            let (document, found) = try Self.parse(body)
            if document.isNull { throw APIError.badRequest("Invalid JSON Patch") }
            guard case .object = document else {
                throw APIError.badRequest(
                    "error decoding patch: json: cannot unmarshal \(document.typeName) into Go value of type map[string]interface {}"
                )
            }
            form = .merge(document)
            shownValue = nil
            issues = found.map(\.description)
        case .strategicMerge, .apply:
            throw APIError.unsupportedMediaType("415: Unsupported Media Type", routed: true)
        }
    }

    func apply(to document: JSONValue) throws(APIError) -> JSONValue {
        switch form {
        case .merge(let patch): return MergePatch.apply(patch, to: document)
        case .json(let patch):
            do { return try patch.apply(to: document) } catch { throw Self.error(error) }
        }
    }

    private static func parse(_ body: [UInt8]) throws(APIError) -> (JSONValue, [JSONIssue]) {
        do {
            var issues: [JSONIssue] = []
            let value = try JSONValue.parse(body, limits: BodyDecoder.limits, issues: &issues)
            return (value, issues)
        } catch {
            throw .badRequest("error decoding patch: \(error.message)")
        }
    }

    private static func error(_ failure: JSONPatch.Failure) -> APIError {
        switch failure {
        case .malformed(let text): .badRequest("error decoding patch: \(text)")
        case .tooManyOperations(let count):
            .tooLarge(
                "The allowed maximum operations in a JSON patch is \(JSONPatch.maximumOperations), got \(count)")
        case .notApplicable: .unprocessable
        }
    }
}

extension JSONValue {
    static func parsed(_ bytes: [UInt8]) throws(APIError) -> JSONValue {
        do { return try parse(bytes) } catch { throw .internalError("object does not parse: \(error.message)") }
    }
}
