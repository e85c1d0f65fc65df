import APIMachinery
import ImageAPI
import JSON

/// The rules of signatures, inside an Image and on their own (spec/image-resources.md 8.3).
enum ImageSignatureValidation {
    static func validate(_ signature: ImageSignature, prefix: String = "") -> [FieldError] {
        let metadata = "\(prefix)metadata"
        var errors = ObjectMetaValidation.validate(signature.metadata, isNamespaced: false, field: metadata)
        if !signature.metadata.labels.isEmpty {
            errors.append(.forbidden("\(metadata).labels", "signature labels cannot be set"))
        }
        if !signature.metadata.annotations.isEmpty {
            errors.append(.forbidden("\(metadata).annotations", "signature annotations cannot be set"))
        }
        if ImageSignatureName(signature.metadata.name) == nil {
            errors.append(
                .invalid(
                    "\(metadata).name", .string(signature.metadata.name),
                    "name must be of format <imageName>@<signatureName>"))
        }
        if signature.type.isEmpty { errors.append(.required("\(prefix)type")) }
        if signature.content?.isEmpty != false { errors.append(.required("\(prefix)content")) }
        return errors + verdict(of: signature, prefix: prefix)
    }

    /// What a verifier found: both conditions or none, and claims only with a verdict.
    private static func verdict(of signature: ImageSignature, prefix: String) -> [FieldError] {
        let trusted = newest("Trusted", in: signature.conditions)
        let forImage = newest("ForImage", in: signature.conditions)
        var errors: [FieldError] = []
        func missing(_ type: String) -> FieldError {
            .invalid(
                "\(prefix)conditions", .json(.array(signature.conditions.map(internalForm))),
                "missing \"\(type)\" condition type")
        }
        if trusted != nil, forImage == nil { errors.append(missing("ForImage")) }
        if trusted == nil, forImage != nil { errors.append(missing("Trusted")) }
        guard trusted == nil || trusted?.status == "Unknown" else { return errors }

        func mustBeUnset(_ field: String, _ value: JSONValue) {
            errors.append(.invalid(prefix + field, .json(value), "must be unset for unknown signature state"))
        }
        if !signature.imageIdentity.isEmpty { mustBeUnset("imageIdentity", .string(signature.imageIdentity)) }
        if !signature.signedClaims.isEmpty {
            let claims = signature.signedClaims.sorted { Exactly.precedes($0.key, $1.key) }
            mustBeUnset("signedClaims", .object(JSONObject(members: claims.map { ($0.key, .string($0.value)) })))
        }
        if let issuer = signature.issuedBy {
            mustBeUnset(
                "issuedBy",
                ["Organization": .string(issuer.organization), "CommonName": .string(issuer.commonName)])
        }
        if let subject = signature.issuedTo {
            mustBeUnset(
                "issuedTo",
                [
                    "Organization": .string(subject.organization), "CommonName": .string(subject.commonName),
                    "PublicKeyID": .string(subject.publicKeyID),
                ])
        }
        return errors
    }

    /// The condition probed last; of equal ones the later entry. Other types than the two known ones are ignored.
    private static func newest(_ type: String, in conditions: [SignatureCondition]) -> SignatureCondition? {
        conditions.filter { $0.type == type }.reduce(nil) { best, next in
            guard let best, best.lastProbeTime > next.lastProbeTime else { return next }
            return best
        }
    }

    private static func internalForm(_ condition: SignatureCondition) -> JSONValue {
        func time(_ time: Timestamp) -> JSONValue { time.isZero ? .null : .string(time.description) }
        return [
            "Type": .string(condition.type), "Status": .string(condition.status),
            "LastProbeTime": time(condition.lastProbeTime), "LastTransitionTime": time(condition.lastTransitionTime),
            "Reason": .string(condition.reason), "Message": .string(condition.message),
        ]
    }
}

/// The name of a signature: the image it belongs to, and its own part.
struct ImageSignatureName: Hashable {
    var image: String
    var signature: String

    /// Nil unless there is exactly one `@` between two parts that are not empty.
    init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        image = String(parts[0])
        signature = String(parts[1])
    }
}
