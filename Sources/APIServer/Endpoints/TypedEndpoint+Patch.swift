import APIMachinery
import HTTPTypes
import JSON

extension TypedEndpoint {
    /// Applies a patch of any kind to the current object (spec/api-machinery.md 6.1).
    func patch(_ call: APICall) async throws -> ServerResponse {
        guard let updatable else { throw APIError.methodNotSupported(groupResource, verb: "patch") }
        let format = try PatchFormat(contentType: call.request.header(.contentType))
        let form = try form(of: call)
        let body = try await BodyDecoder.collect(call.request)
        let options = try call.options.writeOptions(kind: "PatchOptions", isApply: format == .apply)
        if format == .apply {
            let (output, created) = try await apply(call, body: body, options: options)
            return try render(output, status: created ? 201 : 200, form: form, call)
        }
        let patch = try Patch(body, format: format, options: options, warnings: call.context.warnings)
        let decoder = environment.decoder
        @Sendable func wholly(patched current: Output<Object>) throws -> Object {
            let before = try JSONValue.parsed(current.encoded.json)
            let after = try patch.apply(to: before, schema: Object.schema)
            var object: Object = try decoder.decodePatched(
                after, patch: patch, options: options, warnings: call.context.warnings)
            object.metadata.markReset(if: after)
            return object
        }
        let change = ObjectChange<Object>(isPatch: true) { current in
            var object =
                try PartialPatch(patch, to: current)?.result() ?? wholly(patched: current)
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
        case strategicMerge(JSONValue)
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
        case .strategicMerge:
            var found: [JSONIssue] = []
            let document: JSONValue
            do {
                document = try JSONValue.parse(body, limits: BodyDecoder.limits, issues: &found)
            } catch {
                throw APIError.badRequest(error.message)
            }
            if !document.isNull && document.objectValue == nil {
                throw APIError.badRequest(
                    "json: cannot unmarshal \(document.typeName) into Go value of type map[string]interface {}")
            }
            form = .strategicMerge(document)
            issues = found.map(\.description)
            shownValue = GoValueText.plain(document)
        case .apply:
            throw APIError.unsupportedMediaType("415: Unsupported Media Type", routed: true)
        }
    }

    /// The members of the object that the patch may change; nil for any, and where only the whole document tells.
    var touchedMembers: Set<String>? {
        switch form {
        case .merge(.object(let patch)), .strategicMerge(.object(let patch)):
            let metadata = patch["metadata"]?.objectValue
            guard patch["metadata"] == nil || metadata != nil, metadata?["managedFields"] == nil else { return nil }
            // Directives of a strategic merge patch act on everything beside them.
            guard !(patch.keys + (metadata?.keys ?? [])).contains(where: { $0.hasPrefix("$") }) else { return nil }
            return Set(patch.keys)
        case .merge, .strategicMerge: return nil
        case .json(let patch): return patch.touchedMembers
        }
    }

    func apply(to document: JSONValue, schema: TypeSchema) throws(APIError) -> JSONValue {
        switch form {
        case .merge(let patch): return MergePatch.apply(patch, to: document)
        case .json(let patch):
            do { return try patch.apply(to: document) } catch { throw Self.error(error) }
        case .strategicMerge(let patch):
            do { return try StrategicMergePatch.apply(patch, to: document, schema: schema) } catch {
                throw Self.error(error)
            }
        }
    }

    /// The patched document as errors print it: Go sorts the objects that were decoded, and a merge patch decodes only
    /// those it reaches.
    func shown(_ document: JSONValue) -> String {
        if case .merge(let patch) = form {
            document.sorted(along: patch).description
        } else {
            document.sortedDescription
        }
    }

    /// What the reference's conversion finds wrong with a document, for the kind of patch that is applied by it.
    func conversionProblem(of document: JSONValue, schema: TypeSchema) -> String? {
        if case .strategicMerge = form { schema.conversionProblem(of: document) } else { nil }
    }

    private static func error(_ failure: StrategicMergePatch.Failure) -> APIError {
        switch failure {
        case .malformed(let text): .badRequest(text)
        case .notApplicable: .unprocessable
        case .failed(let text): .plain(text)
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

    /// The value with the members of those objects sorted that `patch` has as well. Objects deeper than any API type
    /// goes keep their order: the text is for people, and the depth for the stack.
    func sorted(along patch: JSONValue, depth: Int = 64) -> JSONValue {
        guard depth > 0, case .object(let members) = self, case .object(let changes) = patch else { return self }
        return .object(
            JSONObject(
                members: members.sorted { $0.key < $1.key }.map { key, value in
                    (key, changes[key].map { value.sorted(along: $0, depth: depth - 1) } ?? value)
                }))
    }
}

extension ObjectMeta {
    /// Keeps apart an explicitly empty list of managed fields, which asks to forget them, from none: a decoded object
    /// shows it as one empty entry, which asks for the same (spec/api-machinery.md 6.9).
    mutating func markReset(if document: @autoclosure () -> JSONValue) {
        guard managedFields.isEmpty, document()["metadata"]?["managedFields"]?.arrayValue?.isEmpty == true else {
            return
        }
        managedFields = [ManagedFieldsEntry()]
    }
}
