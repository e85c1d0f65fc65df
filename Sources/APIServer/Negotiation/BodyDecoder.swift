import APIMachinery
import JSON

/// Reads objects from request bodies (spec/api-machinery.md 1.6, 7.2).
struct BodyDecoder {
    let kinds: KindRegistry

    /// The most bytes of a body.
    static let maximumBytes = 3_145_728
    /// YAML and protobuf can be shorter than the JSON they become.
    static let limits = JSONLimits(depth: 10_000, bytes: 8 * maximumBytes)

    /// What the result of a patch may be, whatever is allowed of a body.
    static let patchedLimits = JSONLimits(depth: 10_000, bytes: 64 << 20)

    static func collect(_ request: ServerRequest) async throws -> [UInt8] {
        do {
            return try await request.body.collect(upTo: maximumBytes)
        } catch BodyReader.Failure.tooLarge {
            throw APIError.tooLarge("limit is \(maximumBytes)")
        } catch BodyReader.Failure.incomplete {
            throw APIError.badRequest("unexpected EOF")
        }
    }

    /// An object of the kind the resource wants.
    ///
    /// Unknown and duplicate fields are ignored, warned of or refused, as `options` say.
    func decode<Object: APIObject>(
        _ type: Object.Type, from bytes: [UInt8], format: InputFormat, options: WriteOptions, warnings: WarningRecorder
    ) throws -> Object {
        let (json, duplicateKeys) = try json(of: bytes, format: format, type, warnings: warnings)
        try checkKind(json, original: bytes, expected: Object.groupVersionKind)
        let (object, issues) = try read(type, from: json, warnings: warnings)
        var faults = duplicateKeys
        if options.fieldValidation == .strict && !duplicateKeys.isEmpty {
            faults = ["yaml: unmarshal errors:\n" + duplicateKeys.map { "  \($0)" }.joined(separator: "\n")]
        }
        faults += issues.map(\.description)
        try Self.report(faults, options: options, warnings: warnings) { text in
            .badRequest(
                "\(Self.subject(Object.groupVersionKind)) cannot be handled as a \(Object.groupVersionKind.kind): strict decoding error: \(text)"
            )
        }
        return object
    }

    /// The body as JSON, with the keys that YAML sets twice.
    private func json<Object: APIKind>(
        of bytes: [UInt8], format: InputFormat, _ type: Object.Type, warnings: WarningRecorder
    ) throws(APIError) -> (json: [UInt8], duplicateKeys: [String]) {
        let kind = Object.groupVersionKind.kind
        switch format {
        case .json: return (bytes, [])
        case .protobuf: return (try protobufJSON(of: bytes, type, warnings: warnings), [])
        case .yaml:
            do {
                let document = try YAML.parse(String(decoding: bytes, as: UTF8.self))
                return (document.value.jsonBytes(), document.duplicateKeys)
            } catch {
                throw Self.unrecognized(bytes, kind: kind, error.text)
            }
        }
    }

    private func checkKind(_ json: [UInt8], original: [UInt8], expected: GroupVersionKind) throws(APIError) {
        let meta: TypeMeta
        do { meta = try TypeMeta.decode(json, limits: Self.limits) } catch {
            // What is not UTF-8 is repaired when the object is read.
            if error.kind == .encoding { return }
            throw Self.unrecognized(
                original, kind: expected.kind, "couldn't get version/kind; json parse error: \(error.message)")
        }
        let kind = meta.kind.isEmpty ? expected.kind : meta.kind
        if meta.apiVersion.isEmpty && meta.kind.isEmpty { return }
        guard let version = meta.apiVersion.isEmpty ? expected.groupVersion : GroupVersion(meta.apiVersion)
        else {
            throw Self.unrecognized(
                original, kind: expected.kind, "unexpected GroupVersion string: \(meta.apiVersion)")
        }
        let actual = GroupVersionKind(group: version.group, version: version.version, kind: kind)
        guard actual != expected else { return }
        // The ungrouped alias of old releases is a known type, but not in the version of this URL.
        if actual.kind == expected.kind && actual.apiVersion == "v1" {
            throw .badRequest(
                "the API version in the data (v1) does not match the expected API version (\(expected.apiVersion))")
        }
        throw kinds.mismatch(actual, expected: expected)
    }

    private func read<Object: APIObject>(
        _ type: Object.Type, from json: [UInt8], warnings: WarningRecorder
    ) throws(APIError) -> (Object, [JSONIssue]) {
        var issues: [JSONIssue] = []
        do throws(JSONError) {
            return (try Object.decode(json, limits: Self.limits, issues: &issues), issues)
        } catch {
            if error.kind == .encoding {
                // The reference replaces what is not UTF-8; so that nobody is surprised, the client is told.
                warnings.warn("invalid UTF-8 in the request body was replaced")
                return try read(type, from: Array(String(decoding: json, as: UTF8.self).utf8), warnings: warnings)
            }
            let kind = Object.groupVersionKind
            throw .badRequest("\(Self.subject(kind)) cannot be handled as a \(kind.kind): \(error.message)")
        }
    }

    /// Deals with faults of the text as the client wished.
    static func report(
        _ faults: [String], options: WriteOptions, warnings: WarningRecorder, refusal: (String) -> APIError
    ) throws(APIError) {
        guard !faults.isEmpty else { return }
        switch options.fieldValidation {
        case .ignore: return
        case .warn: for fault in faults.prefix(100) { warnings.warn(fault) }
        case .strict: throw refusal(faults.prefix(100).joined(separator: ", "))
        }
    }

    static func subject(_ kind: GroupVersionKind) -> String {
        "\(kind.kind) in version \(goQuoted(kind.version))"
    }

    static func unrecognized(_ bytes: [UInt8], kind: String, _ text: String) -> APIError {
        .badRequest(
            "the object provided is unrecognized (must be of type \(kind)): \(text) (\(snippet(of: bytes)))")
    }

    /// The first 30 bytes: as text where it looks like JSON, else in hex.
    private static func snippet(of bytes: [UInt8]) -> String {
        guard let first = bytes.first else { return "<empty>" }
        let head = bytes.prefix(30)
        let rest = bytes.count > 30 ? " ..." : ""
        if first == UInt8(ascii: "{") { return String(decoding: head, as: UTF8.self) + rest }
        let digits = Array("0123456789abcdef")
        return String(head.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }) + rest
    }
}

/// Kind and version of a body, read before it is known what the rest is.
struct TypeMeta: JSONCodable {
    var apiVersion = ""
    var kind = ""

    static let goType: StaticString =
        #"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#

    init() {}

    init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterStruct("", goType: Self.goType)
        var seen: UInt64 = 0
        while try reader.nextField() {
            if reader.keyLength == 10 && reader.keyMatches("apiVersion") {
                if try reader.beginField("apiVersion", 0, &seen) { apiVersion = try reader.readString() }
            } else if reader.keyLength == 4 && reader.keyMatches("kind") {
                if try reader.beginField("kind", 1, &seen) { kind = try reader.readString() }
            } else {
                try reader.skipValue()
            }
        }
    }

    func encode(to writer: inout JSONWriter) {
        writer.write(.object(["apiVersion": .string(apiVersion), "kind": .string(kind)]))
    }
}

extension BodyDecoder {
    /// The object that a patch made. What does not decode is the patch's fault: 422 with the name left empty (6.1).
    func decodePatched<Object: APIObject>(
        _ document: JSONValue, patch: Patch, options: WriteOptions, warnings: WarningRecorder
    ) throws(APIError) -> Object {
        var issues: [JSONIssue] = []
        let object: Object
        let bytes = document.jsonBytes()
        let expected = Object.groupVersionKind
        let kind = document["kind"]?.stringValue ?? expected.kind
        let version = document["apiVersion"]?.stringValue ?? expected.apiVersion
        // The ungrouped version of old releases names the same type.
        guard
            document.objectValue == nil
                || kind == expected.kind && (version == expected.apiVersion || version == "v1")
        else {
            throw Self.unusable(patch, document, "the patch makes the object a \(kind) of \(version)")
        }
        if let problem = patch.conversionProblem(of: document, schema: Object.schema) {
            throw Self.unusable(patch, document, problem)
        }
        do throws(JSONError) {
            object = try Object.decode(bytes, limits: Self.patchedLimits, issues: &issues)
        } catch {
            throw Self.unusable(patch, document, error.message)
        }
        let faults = patch.issues + issues.map(\.description)
        try Self.report(faults, options: options, warnings: warnings) { text in
            Self.unusable(patch, document, "strict decoding error: \(text)")
        }
        return object
    }

    private static func unusable(_ patch: Patch, _ document: JSONValue, _ text: String) -> APIError {
        let value = patch.shownValue ?? patch.shown(document)
        return .invalid(GroupResource(group: "", resource: ""), "", [.invalid("patch", .string(value), text)])
    }

    /// DeleteOptions of any version that clients use: `v1`, `meta.k8s.io/v1` or the resource's own (3.7).
    func decodeDeleteOptions(
        from bytes: [UInt8], format: InputFormat, resource: GroupVersion, warnings: WarningRecorder
    ) throws(APIError) -> DeleteOptions {
        let json = try self.json(of: bytes, format: format, DeleteOptions.self, warnings: warnings).json
        let meta: TypeMeta
        let options: DeleteOptions
        do throws(JSONError) {
            meta = try TypeMeta.decode(json, limits: Self.limits)
            options = try DeleteOptions.decode(json, limits: Self.limits)
        } catch {
            throw .plain("couldn't get version/kind; json parse error: \(error.message)")
        }
        let versions = ["", "v1", "meta.k8s.io/v1", resource.apiVersion]
        guard meta.kind.isEmpty || meta.kind == "DeleteOptions", versions.contains(meta.apiVersion) else {
            throw .plain(
                "no kind \(goQuoted(meta.kind)) is registered for version \(goQuoted(meta.apiVersion)) in scheme \"pkg/runtime/scheme.go:110\""
            )
        }
        return options
    }
}
