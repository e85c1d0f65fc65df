import APIMachinery
import ImageAPI
import JSON
import OCI

import struct ImageAPI.ImageManifest

/// The rules of Images (spec/image-resources.md 7.4).
enum ImageValidation {
    /// - Parameter prefix: of the fields; empty, or ending in a dot where the Image is part of something.
    static func validate(_ image: Image, prefix: String = "") -> [FieldError] {
        var errors = ObjectMetaValidation.validate(
            image.metadata, isNamespaced: false, field: "\(prefix)metadata")
        let field = "\(prefix)dockerImageReference"
        if image.dockerImageReference.isEmpty {
            errors.append(.required(field))
        } else {
            do throws(ImageReferenceError) {
                _ = try ImageReference(parsing: image.dockerImageReference)
            } catch {
                errors.append(.invalid(field, .string(image.dockerImageReference), error.text))
            }
        }
        for (index, signature) in image.signatures.enumerated() {
            errors += ImageSignatureValidation.validate(signature, prefix: "\(prefix)signatures[\(index)].")
        }
        for (index, manifest) in image.dockerImageManifests.enumerated() {
            errors += validate(manifest, field: "\(prefix)dockerImageManifests[\(index)]")
        }
        if !image.dockerImageManifests.isEmpty, !image.dockerImageLayers.isEmpty {
            errors.append(
                .invalid(
                    "\(prefix)dockerImageLayers", .json(.array(image.dockerImageLayers.map(internalForm))),
                    "dockerImageLayers should not be set when dockerImageManifests is set"))
        }
        return errors
    }

    private static func validate(_ manifest: ImageAPI.ImageManifest, field: String) -> [FieldError] {
        var errors: [FieldError] = []
        if !containsDigest(manifest.digest) {
            errors.append(
                .invalid(
                    "\(field).digest", .string(manifest.digest), "digest does not conform with OCI image specification")
            )
        }
        if !MediaType.isValid(manifest.mediaType) {
            errors.append(
                .invalid("\(field).mediaType", .string(manifest.mediaType), "media type does not conform to RFC6838"))
        }
        if manifest.architecture.isEmpty { errors.append(.required("\(field).architecture")) }
        if manifest.os.isEmpty { errors.append(.required("\(field).os")) }
        if manifest.manifestSize < 0 {
            errors.append(
                .invalid("\(field).size", .number(manifest.manifestSize), "manifest size cannot be negative"))
        }
        return errors
    }

    /// Whether `algorithm:hex` with at least 32 digits stands somewhere in the text.
    static func containsDigest(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.indices.contains { index in
            guard bytes[index] == UInt8(ascii: ":"), index > 0, isAlphanumeric(bytes[index - 1]) else { return false }
            return bytes[(index + 1)...].prefix(while: isHex).count >= 32
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        let lower = byte | 0x20
        return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lower)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        let lower = byte | 0x20
        return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(lower)
    }

    /// Layers as the reference prints them in messages: its internal names, nothing left out.
    private static func internalForm(_ layer: ImageLayer) -> JSONValue {
        ["Name": .string(layer.name), "LayerSize": .integer(layer.size), "MediaType": .string(layer.mediaType)]
    }
}
