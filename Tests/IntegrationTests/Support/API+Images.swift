import Crypto
import Foundation
import JSON

extension API {
    static let manifestType = "application/vnd.oci.image.manifest.v1+json"
    static let indexType = "application/vnd.oci.image.index.v1+json"

    static func digest(_ bytes: [UInt8]) -> String {
        "sha256:" + SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
    }

    @discardableResult
    func pushBlob(_ bytes: [UInt8], to repository: String) async throws -> String {
        let digest = Self.digest(bytes)
        let answer = try await send(
            "POST", "/v2/\(repository)/blobs/uploads/?digest=\(digest)", bytes, type: "application/octet-stream")
        guard answer.status == 201 else { throw TestFailure("blob: \(answer.status) \(answer.text)") }
        return digest
    }

    /// Pushes an image of one layer.
    /// - Parameter tag: nil for a push by digest.
    /// - Returns: its digest and its manifest.
    @discardableResult
    func pushImage(
        _ layer: [UInt8], to repository: String, tag: String?, architecture: String = "amd64", subject: String? = nil
    ) async throws -> (digest: String, manifest: [UInt8]) {
        let config = Array(
            #"{"architecture":"\#(architecture)","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#
                .utf8)
        let configDigest = try await pushBlob(config, to: repository)
        let layerDigest = try await pushBlob(layer, to: repository)
        let subject =
            subject.map { #","subject":{"mediaType":"\#(Self.manifestType)","digest":"\#($0)","size":1}"# } ?? ""
        let manifest = Array(
            """
            {"schemaVersion":2,"mediaType":"\(Self.manifestType)",\
            "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\(configDigest)",\
            "size":\(config.count)},\
            "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"\(layerDigest)",\
            "size":\(layer.count)}]\(subject)}
            """.utf8)
        return (try await pushManifest(manifest, Self.manifestType, to: repository, tag: tag), manifest)
    }

    /// Pushes an index of images for platforms.
    @discardableResult
    func pushIndex(
        _ images: [(architecture: String, digest: String, size: Int)], to repository: String, tag: String
    ) async throws -> String {
        let entries = images.map {
            #"{"mediaType":"\#(Self.manifestType)","digest":"\#($0.digest)","size":\#($0.size),"#
                + #""platform":{"os":"linux","architecture":"\#($0.architecture)"}}"#
        }
        let index = Array(
            #"{"schemaVersion":2,"mediaType":"\#(Self.indexType)","manifests":[\#(entries.joined(separator: ","))]}"#
                .utf8)
        return try await pushManifest(index, Self.indexType, to: repository, tag: tag)
    }

    private func pushManifest(
        _ manifest: [UInt8], _ type: String, to repository: String, tag: String?
    ) async throws -> String {
        let digest = Self.digest(manifest)
        let answer = try await send("PUT", "/v2/\(repository)/manifests/\(tag ?? digest)", manifest, type: type)
        guard answer.status == 201 else { throw TestFailure("manifest: \(answer.status) \(answer.text)") }
        return digest
    }

    /// A manifest as it is served.
    func manifest(_ reference: String, of repository: String) async throws -> Answer {
        try await send(
            "GET", "/v2/\(repository)/manifests/\(reference)",
            headers: [("Accept", [Self.manifestType, Self.indexType, "*/*"].joined(separator: ", "))])
    }
}

/// Runs a command of the program.
func weir(_ arguments: [String]) async throws -> ProgramResult {
    try await run(try WeirProcess.executable(), arguments, within: .seconds(120))
}
