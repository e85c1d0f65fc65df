import Foundation
import JSON
import OCI
import Testing

@testable import Bundles

@Suite("What a bundle is taken for")
struct BundlePlanTests {
    @Test(
        "images of other programs belong where their names say, or where they are told to",
        arguments: [
            ("team/app:v1", nil, "team/app:v1"), ("quay.io/team/app:v1", nil, "team/app:v1"),
            ("localhost:5000/team/app", nil, "team/app:latest"), ("localhost/app:v1", nil, nil),
            ("localhost/app:v1", "team", "team/app:v1"), ("v1", nil, nil), ("v1", "team/app", "team/app:v1"),
            ("", "team/app", "team/app:latest"), ("", "team/app:v2", "team/app:v2"), ("", "team", nil),
            ("quay.io/a/b/c:v1", nil, nil), ("quay.io/a/b/c:v1", "team/app", "team/app:v1"),
            ("quay.io/team/app:v1", "other", "other/app:v1"), ("team/app:v1", "x/y:z", "x/y:z"),
        ] as [(String, String?, String?)])
    func places(_ name: String, _ target: String?, _ expected: String?) throws {
        let selection = try target.map { try BundleSelection($0) }
        guard let expected else {
            #expect(throws: BundleError.self) { try BundlePlan.place(of: name, selection, isOnly: true) }
            return
        }
        let place = try BundlePlan.place(of: name, selection, isOnly: true)
        #expect("\(place.namespace)/\(place.stream):\(place.tag)" == expected)
        if selection?.tag != nil {
            #expect(throws: BundleError.self) { try BundlePlan.place(of: name, selection, isOnly: false) }
        }
    }

    @Test(
        "what cannot be meant is refused",
        arguments: ["", "/", "a/", "/b", "a/b/c", "a:b", "a/b:", "a/b@sha256:0", "a//b"])
    func selections(_ text: String) {
        #expect(throws: BundleError.self) { try BundleSelection(text) }
    }

    /// An archive with one image, which `change` spoils.
    private func archive(
        _ scratch: Scratch, name: String = "team/app:v1", layer: [UInt8] = [7], size: Int64? = nil,
        _ change: (inout TarBuilder) -> Void = { _ in }, leavesOut: Bool = false
    ) throws -> String {
        var tar = TarBuilder()
        tar.addLayout()
        let config = tar.add(blob: Array("{}".utf8))
        let digest = leavesOut ? Digest.sha256(of: layer) : tar.add(blob: layer)
        let manifest = Array(
            """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)",\
            "config":{"mediaType":"\(MediaType.ociConfig)","digest":"\(config)","size":2},\
            "layers":[{"mediaType":"\(MediaType.ociLayer)","digest":"\(digest)","size":\(size ?? Int64(layer.count))}]}
            """.utf8)
        let image = tar.add(blob: manifest)
        change(&tar)
        let index = """
            {"schemaVersion":2,"manifests":[{"mediaType":"\(MediaType.ociManifest)","digest":"\(image)",\
            "size":\(manifest.count),"annotations":{"org.opencontainers.image.ref.name":"\(name)"}}]}
            """
        tar.add("index.json", Array(index.utf8))
        tar.end()
        return try scratch.write("\(UUID().uuidString).tar", tar.bytes)
    }

    private func check(_ path: String) async throws -> BundleImport.Tally {
        try await BundleImport(nil).run(path, BundleImport.Request()) { _ in }
    }

    @Test("all of it is checked before anything is sent")
    func checking() async throws {
        let scratch = try Scratch()
        let tally = try await check(try archive(scratch))
        #expect(tally.streams == 1 && tally.tags == 1 && tally.checked == 3)
        let missing = try archive(scratch, leavesOut: true)
        await #expect(throws: BundleError.missing(.sha256(of: [UInt8(7)]), of: "team/app:v1")) {
            _ = try await check(missing)
        }
        let lying = try archive(scratch, size: 2)
        await #expect(throws: BundleError.self) { _ = try await check(lying) }
        let damaged = try archive(scratch, layer: [UInt8](repeating: 7, count: 600))
        var bytes = try Array(Data(contentsOf: URL(fileURLWithPath: damaged)))
        // Behind two files and the layer's header.
        bytes[512 * 5 + 10] ^= 1
        let path = try scratch.write("damaged.tar", bytes)
        let error = await #expect(throws: BundleError.self) { _ = try await check(path) }
        guard case .digestMismatch = error else {
            Issue.record("\(error.map { "\($0)" } ?? "nothing")")
            return
        }
        for name in ["TEAM/app:v1", "team/../x:v1", "team/app:-v1", "te am/app:v1"] {
            let path = try archive(scratch, name: name)
            await #expect(throws: BundleError.self, "\(name)") { _ = try await check(path) }
        }
    }

    @Test("a bundle's own documents are checked like the rest")
    func contents() async throws {
        let scratch = try Scratch()
        func bundle(_ contents: String, stream: String) throws -> String {
            var tar = TarBuilder()
            tar.addLayout()
            let document = tar.add(blob: Array(stream.utf8))
            let digest = tar.add(blob: Array(contents.replacing("DOCUMENT", with: "\(document)").utf8))
            tar.add(
                "index.json",
                Array(
                    #"{"schemaVersion":2,"manifests":[],"annotations":{"dev.weir.bundle.contents":"\#(digest)"}}"#.utf8)
            )
            tar.end()
            return try scratch.write("\(UUID().uuidString).tar", tar.bytes)
        }
        let good = #"{"kind":"BundleContents","streams":[{"namespace":"p","name":"a","digest":"DOCUMENT"}]}"#
        let stream = #"{"kind":"BundledStream","tags":[]}"#
        #expect(try await check(try bundle(good, stream: stream)).streams == 1)
        let absent = "sha256:" + String(repeating: "0", count: 64)
        for (contents, stream) in [
            ("[]", stream), (#"{"kind":"Other"}"#, stream), (good, "no json"),
            (good.replacing("DOCUMENT", with: absent), stream), (good.replacing("\"p\"", with: "\"../p\""), stream),
            (good, #"{"kind":"BundledStream","tags":[{"name":"v1","digest":"\#(absent)"}]}"#),
            (good, #"{"kind":"BundledStream","tags":[{"name":"v1","digest":"x"}]}"#),
            (good, #"{"kind":"BundledStream","tags":[{"name":"a/b","digest":"\#(absent)"}]}"#),
        ] {
            let path = try bundle(contents, stream: stream)
            await #expect(throws: BundleError.self, "\(contents) \(stream)") { _ = try await check(path) }
        }
    }

    @Test("a stream comes over with what it says, its sources only if they are wanted")
    func patches() throws {
        var stream = BundledStream(
            namespace: "p", name: "app", metadata: ["labels": ["a": "b"]],
            spec: [
                "lookupPolicy": ["local": true],
                "tags": [
                    [
                        "name": "v1", "annotations": ["x": "y"],
                        "from": ["kind": "DockerImage", "name": "quay.io/a/b:1"],
                        "generation": 3, "importPolicy": ["scheduled": true], "referencePolicy": ["type": "Local"],
                    ], ["name": "live", "from": ["kind": "ImageStreamTag", "name": "v1"]],
                    ["name": "far", "from": ["kind": "ImageStreamTag", "name": "v1", "namespace": "q"]],
                ],
            ])
        stream.tags = ["v1", "live", "far"].map { .init(name: $0, digest: .sha256(of: [UInt8(1)]), mediaType: "") }
        let tags = Array(StreamDocument.patch(stream, keepsSources: false)["spec"]?["tags"]?.arrayValue ?? [])
        #expect(
            tags[0] == [
                "name": "v1", "annotations": ["x": "y", "weir.dev/bundle-source": "DockerImage: quay.io/a/b:1"],
                "referencePolicy": ["type": "Local"],
            ])
        #expect(tags[1] == ["name": "live", "from": ["kind": "ImageStreamTag", "name": "v1"]])
        #expect(tags[2]["from"] == nil)
        let kept = Array(StreamDocument.patch(stream, keepsSources: true)["spec"]?["tags"]?.arrayValue ?? [])
        #expect(kept[0]["from"]?["name"] == "quay.io/a/b:1" && kept[0]["importPolicy"]?["scheduled"] == true)
        #expect(kept[0]["generation"] == nil)
    }

    @Test("a server is found by a kubeconfig as kubectl reads it")
    func kubeconfig() throws {
        let scratch = try Scratch()
        let text = """
            current-context: one
            clusters:
            - {name: c, cluster: {server: "https://a:6443", certificate-authority-data: "\(Data("PEM".utf8).base64EncodedString())"}}
            - {name: d, cluster: {server: "https://b", insecure-skip-tls-verify: true}}
            users:
            - {name: u, user: {token: secret}}
            - {name: v, user: {client-certificate: crt, client-key: key}}
            - {name: w, user: {exec: {command: rm}}}
            contexts:
            - {name: one, context: {cluster: c, user: u}}
            - {name: two, context: {cluster: d, user: v}}
            - {name: three, context: {cluster: d, user: w}}
            - {name: four, context: {cluster: e, user: u}}
            """
        let path = try scratch.write("config", Array(text.utf8))
        _ = try scratch.write("crt", [1])
        _ = try scratch.write("key", [2])
        let one = try ServerAccess(kubeconfig: path)
        #expect(one.url == "https://a:6443" && one.token == "secret" && one.authority == Array("PEM".utf8))
        let two = try ServerAccess(kubeconfig: path, context: "two")
        #expect(two.certificate == [1] && two.key == [2] && two.isInsecure)
        for context in ["three", "four", "none"] {
            #expect(throws: BundleError.self) { try ServerAccess(kubeconfig: path, context: context) }
        }
        for url in ["", "host", "ftp://x", "https://", "https://a/b"] {
            #expect(throws: BundleError.self, "\(url)") { try ServerAccess(url: url) }
        }
    }
}
