import APIMachinery
import APIServer
import HTTPTypes
import ImageAPI
import ImageStreams
import JSON
import OCI

/// `/extensions/v2/<name>/signatures/<digest>`: simple signing, kept with the Images (spec/registry.md 3.9).
struct SignatureEndpoint: Sendable {
    let core: RegistryCore

    /// Bytes of a signature as it is pushed.
    private static let maximumBytes = 4 << 20
    private static let defaultType = "AtomicImageV1"

    func get(_ digest: Digest, in path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        let repository = try await core.repository(path)
        guard try await repository.isVisible(digest) else { return ServerResponse(status: 404) }
        let image = try await core.streams.images.object(digest.description, namespace: "")
        let signatures = (image?.signatures ?? []).map { signature -> JSONValue in
            [
                "schemaVersion": 2, "name": .string(signature.metadata.name), "type": .string(signature.type),
                "content": .string(String(decoding: Base64.encode(signature.content ?? []), as: UTF8.self)),
            ]
        }
        let body: JSONValue = ["signatures": .array(JSONArray(signatures))]
        return ServerResponse(status: 200, contentType: "application/json; charset=utf-8", body.jsonBytes())
    }

    func put(_ digest: Digest, in path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        let signature = try await pushed(digest, call)
        let repository = try await core.repository(path)
        guard try await repository.isVisible(digest) else { throw RegistryError.unknownManifest(digest, in: path) }
        let context = core.context(call, path, resource: "imagesignatures")
        do {
            try await core.streams.createSignature(signature, context)
        } catch let error as APIError {
            switch error.status.code {
            case 409:
                throw RegistryError(409, .signatureExists, "signature already exists", detail: .string(error.message))
            case 404: throw RegistryError.unknownManifest(digest, in: path)
            case 400, 422: throw Self.invalid(error.message)
            default: throw RegistryError(error, repository: path)
            }
        }
        return ServerResponse(status: 201)
    }

    private func pushed(_ digest: Digest, _ call: RegistryCall) async throws -> ImageSignature {
        let bytes: [UInt8]
        do { bytes = try await call.request.body.collect(upTo: Self.maximumBytes) } catch BodyReader.Failure.tooLarge {
            throw RegistryError(413, .signatureInvalid, "at most \(Self.maximumBytes) bytes are taken")
        }
        guard let value = try? JSONValue.parse(bytes), value.objectValue != nil else {
            throw Self.invalid("the signature is no JSON object")
        }
        guard value["schemaVersion"]?.integerValue == 2 else {
            throw Self.invalid("only schemaVersion=2 is currently supported")
        }
        guard let name = value["name"]?.stringValue else { throw Self.invalid("the signature has no name") }
        let parts = name.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty, parts[0] == digest.description else {
            throw Self.invalid("the name must be <digest of the image>@<name of the signature>")
        }
        guard case .bytes(let content)? = value["content"]?.stringValue.map({ Base64.decode(Array($0.utf8)) }) else {
            throw Self.invalid("the content is not base64")
        }
        var signature = ImageSignature()
        signature.metadata.name = name
        let type = value["type"]?.stringValue ?? ""
        signature.type = type.isEmpty ? Self.defaultType : type
        signature.content = content
        return signature
    }

    private static func invalid(_ reason: String) -> RegistryError {
        RegistryError(400, .signatureInvalid, "invalid image signature", detail: .string(reason))
    }
}
