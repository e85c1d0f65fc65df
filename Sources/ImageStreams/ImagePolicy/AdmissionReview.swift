import APIMachinery
import JSON

/// A question of an API server, and the answer to it: `AdmissionReview` of `admission.k8s.io/v1`.
struct AdmissionReview: Sendable {
    static let apiVersion = "admission.k8s.io/v1"

    let uid: String
    let kind: GroupResource
    let resource: GroupResource
    let subresource: String
    let namespace: String
    let name: String
    let operation: String
    /// Nil where the operation has none.
    let object: JSONValue?
    let oldObject: JSONValue?

    /// - Throws: 400 for anything but a review with a request in it.
    init(parsing body: [UInt8]) throws(APIError) {
        let document: JSONValue
        do { document = try JSONValue.parse(body) } catch {
            throw .badRequest("the body is no JSON: \(error.message)")
        }
        guard document["kind"]?.stringValue == "AdmissionReview",
            document["apiVersion"]?.stringValue == Self.apiVersion
        else { throw .badRequest("expected an AdmissionReview of \(Self.apiVersion)") }
        guard let request = document["request"], let uid = request["uid"]?.stringValue, !uid.isEmpty else {
            throw .badRequest("request.uid: a review needs a request with a uid")
        }
        func text(_ value: JSONValue?) -> String { value?.stringValue ?? "" }
        self.uid = uid
        let kind = request["kind"]
        let resource = request["resource"]
        self.kind = GroupResource(group: text(kind?["group"]), resource: text(kind?["kind"]))
        self.resource = GroupResource(group: text(resource?["group"]), resource: text(resource?["resource"]))
        guard !self.kind.resource.isEmpty, !self.resource.resource.isEmpty else {
            throw .badRequest("request.kind and request.resource must say what is reviewed")
        }
        subresource = text(request["subResource"])
        namespace = text(request["namespace"])
        name = text(request["name"])
        operation = text(request["operation"])
        object = request["object"].flatMap { $0.isNull ? nil : $0 }
        oldObject = request["oldObject"].flatMap { $0.isNull ? nil : $0 }
    }

    // MARK: Answers

    /// The object may be stored, with these changes.
    func allowed(_ rewrites: [ImagePolicy.Rewrite] = []) -> [UInt8] {
        var response: JSONObject = ["uid": .string(uid), "allowed": .bool(true)]
        if !rewrites.isEmpty {
            let patch = JSONValue.array(
                rewrites.map { ["op": "replace", "path": .string($0.pointer), "value": $0.value] })
            response["patchType"] = "JSONPatch"
            response["patch"] = .string(String(decoding: Base64.encode(patch.jsonBytes()), as: UTF8.self))
        }
        return Self.answer(response)
    }

    /// The object may not be stored.
    func refused(_ error: APIError) throws -> [UInt8] {
        Self.answer([
            "uid": .string(uid), "allowed": .bool(false), "status": try JSONValue.parse(error.status.jsonBytes()),
        ])
    }

    private static func answer(_ response: JSONObject) -> [UInt8] {
        let review: JSONObject = [
            "kind": "AdmissionReview", "apiVersion": .string(apiVersion), "response": .object(response),
        ]
        return JSONValue.object(review).jsonBytes()
    }
}
