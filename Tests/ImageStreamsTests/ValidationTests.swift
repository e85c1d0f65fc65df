import APIMachinery
import ImageAPI
import OCI
import Testing

@testable import ImageStreams

@Suite("Validation")
struct ValidationTests {
    @Test(
        "names of streams are lower-case parts joined by single separators",
        arguments: [
            ("a", true), ("a.b", true), ("a_b", true), ("a-b", true), ("0", true), ("a1-b2.c3_d4", true),
            ("Foo", false), ("a--b", false), ("a__b", false), ("a._b", false), ("-a", false), ("a-", false),
            ("a b", false), ("a:b", false), ("a@b", false), ("", false), ("é", false),
        ])
    func names(_ name: String, _ isValid: Bool) {
        let messages = ImageStreamNames.messages(name)
        #expect(messages == (isValid ? [] : ["must match \"[a-z0-9]+(?:[._-][a-z0-9]+)*\""]))
    }

    @Test("the rule for paths goes before that of streams")
    func pathSegments() {
        #expect(ImageStreamNames.messages("a/b") == ["may not contain '/'"])
        #expect(ImageStreamNames.messages("..") == ["may not be '..'"])
    }

    @Test("namespace and name have 255 characters together")
    func length() {
        func errors(_ count: Int) -> [FieldError] {
            ImageStreamValidation.validate(
                stream(String(repeating: "a", count: count), namespace: "demo"), allowList: RegistryAllowList())
        }
        #expect(errors(250).isEmpty)
        #expect(
            errors(251).map(\.body).first?.hasSuffix("'namespace/name' cannot be longer than 255 characters") == true)
    }

    struct TagCase: Sendable, CustomTestStringConvertible {
        var tag: TagReference
        var texts: [String]
        var testDescription: String { texts.joined(separator: "; ") }
    }

    static let tags: [TagCase] = {
        let kinds = "t.from.kind: Required value: valid values are 'DockerImage', 'ImageStreamImage', 'ImageStreamTag'"
        var scheduled = tag("t", from("ImageStreamTag", "x"), scheduled: true)
        scheduled.importPolicy.insecure = true
        return [
            TagCase(tag: tag("t"), texts: []),
            TagCase(tag: tag("t", from("DockerImage", "quay.io/a/b:1")), texts: []),
            TagCase(tag: tag("t", from("DockerImage", "")), texts: ["t.from.name: Required value"]),
            TagCase(tag: tag("t", from("", "")), texts: ["t.from.name: Required value", kinds]),
            TagCase(tag: tag("t", from("Pod", "x")), texts: [kinds]),
            TagCase(
                tag: tag("t", from("DockerImage", "A/B")),
                texts: ["t.from.name: Invalid value: \"A/B\": repository name must be lowercase"]),
            TagCase(
                tag: scheduled,
                texts: [
                    "t.importPolicy.scheduled: Invalid value: true: only tags pointing to Docker repositories may be scheduled for background import"
                ]),
            TagCase(
                tag: tag("t", policy: "x", mode: "y"),
                texts: [
                    "t.referencePolicy.type: Invalid value: \"x\": valid values are \"Source\", \"Local\"",
                    "t.importPolicy.importMode: Invalid value: \"y\": invalid import mode, valid modes are '', 'Legacy', 'PreserveOriginal'",
                ]),
        ]
    }()

    @Test("spec tags", arguments: tags)
    func tagReference(_ test: TagCase) {
        let errors = TagReferenceValidation.validate(
            test.tag, field: "t", allowList: RegistryAllowList(), transport: .secure)
        #expect(errors.map(\.text) == test.texts)
    }

    @Test(
        "the legacy repository names neither tag nor digest",
        arguments: [
            ("a.example.com/b/c", nil), ("", nil), ("a/b:1", "the repository name may not contain a tag"),
            ("a/b@\(digest("a"))", "the repository name may not contain an ID"), ("A B", "invalid reference format"),
        ] as [(String, String?)])
    func repository(_ text: String, _ message: String?) {
        var app = stream()
        app.spec.dockerImageRepository = text
        let errors = ImageStreamValidation.validate(app, allowList: RegistryAllowList())
        #expect(errors.map(\.body) == (message.map { ["Invalid value: \"\(text)\": \($0)"] } ?? []))
    }

    @Test("a status write checks the pull specs that are new in it")
    func statusUpdate() {
        let old = stream(status: ["a": [event("NOT VALID")]])
        var new = old
        new.status.addEvent(event("A/B", "i"), to: "b")
        new.status.addEvent(event("", "j"), to: "c")
        let errors = ImageStreamValidation.validateStatusUpdate(new, old: old, allowList: RegistryAllowList())
        #expect(
            errors.map(\.text) == [
                "status.tags[b].items[0].dockerImageReference: Invalid value: \"A/B\": repository name must be lowercase",
                "status.tags[c].items[0].dockerImageReference: Invalid value: \"\": repository name must have at least one component",
            ])
    }

    @Test("Images need a reference, and proper children")
    func images() {
        var image = Image()
        image.metadata.name = "x"
        image.dockerImageManifests = [ImageAPI.ImageManifest(digest: "x", mediaType: "y", manifestSize: -1)]
        image.dockerImageLayers = [ImageLayer(name: "l", size: 1, mediaType: "m")]
        #expect(
            ImageValidation.validate(image, prefix: "image.").map(\.text) == [
                "image.dockerImageReference: Required value",
                "image.dockerImageManifests[0].digest: Invalid value: \"x\": digest does not conform with OCI image specification",
                "image.dockerImageManifests[0].mediaType: Invalid value: \"y\": media type does not conform to RFC6838",
                "image.dockerImageManifests[0].architecture: Required value",
                "image.dockerImageManifests[0].os: Required value",
                "image.dockerImageManifests[0].size: Invalid value: -1: manifest size cannot be negative",
                "image.dockerImageLayers: Invalid value: [{\"Name\":\"l\",\"LayerSize\":1,\"MediaType\":\"m\"}]: dockerImageLayers should not be set when dockerImageManifests is set",
            ])
    }

    @Test(
        "a digest may stand anywhere in the text",
        arguments: [
            (digest("a"), true), ("x \(digest("a")) y", true), ("sha256:abc", false), ("", false),
            (":" + String(repeating: "a", count: 64), false), ("md5:" + String(repeating: "0", count: 32), true),
        ])
    func digests(_ text: String, _ isFound: Bool) {
        #expect(ImageValidation.containsDigest(text) == isFound)
    }

    @Test("signatures: what a client may not set, and what belongs together")
    func signatures() {
        var signature = ImageSignature()
        signature.metadata.name = "x"
        signature.metadata.labels = ["a": "b"]
        signature.metadata.annotations = ["a": "b"]
        #expect(
            ImageSignatureValidation.validate(signature).map(\.text) == [
                "metadata.labels: Forbidden: signature labels cannot be set",
                "metadata.annotations: Forbidden: signature annotations cannot be set",
                "metadata.name: Invalid value: \"x\": name must be of format <imageName>@<signatureName>",
                "type: Required value", "content: Required value",
            ])

        var verified = ImageSignature(type: "AtomicImageV1", content: [1])
        verified.metadata.name = "i@s"
        verified.conditions = [SignatureCondition(type: "Trusted", status: "True", lastProbeTime: noon)]
        #expect(
            ImageSignatureValidation.validate(verified).map(\.body) == [
                "Invalid value: [{\"Type\":\"Trusted\",\"Status\":\"True\",\"LastProbeTime\":\"\(noon)\",\"LastTransitionTime\":null,\"Reason\":\"\",\"Message\":\"\"}]: missing \"ForImage\" condition type"
            ])
        verified.conditions.append(SignatureCondition(type: "ForImage", status: "True"))
        verified.imageIdentity = "id"
        #expect(ImageSignatureValidation.validate(verified).isEmpty)
        verified.conditions.append(SignatureCondition(type: "Else", status: "x"))
        #expect(ImageSignatureValidation.validate(verified).isEmpty, "other types are ignored")
        verified.conditions = []
        #expect(
            ImageSignatureValidation.validate(verified).map(\.text) == [
                "imageIdentity: Invalid value: \"id\": must be unset for unknown signature state"
            ])
    }

    @Test("imports: every rule in its order")
    func imports() {
        var request = ImageStreamImport()
        request.metadata.name = "app"
        request.metadata.namespace = "demo"
        #expect(
            ImageStreamImportValidation.validate(request).map(\.text) == [
                "spec.images: Invalid value: null: you must specify at least one image or a repository import"
            ])
        request.spec.images = [
            ImageImportSpec(
                from: from("DockerImage", "A"), to: LocalObjectReference(),
                importPolicy: TagImportPolicy(importMode: "q")),
            ImageImportSpec(from: from("ImageStreamTag", "x:y")),
            ImageImportSpec(from: from("DockerImage", "")),
            ImageImportSpec(from: from("DockerImage", "*"), importPolicy: TagImportPolicy(importMode: "q")),
        ]
        request.spec.repository = RepositoryImportSpec(from: from("DockerImage", "a/b:1"))
        #expect(
            ImageStreamImportValidation.validate(request).map(\.text) == [
                "spec.images[0].to.name: Invalid value: \"\": the name of the target tag must be specified",
                "spec.images[0].from.name: Invalid value: \"A\": repository name must be lowercase",
                "spec.images[0].importPolicy.importMode: Invalid value: \"q\": invalid import mode, valid modes are '', 'Legacy', 'PreserveOriginal'",
                "spec.images[1].from.kind: Invalid value: \"ImageStreamTag\": only DockerImage is supported",
                "spec.images[2].from.name: Required value",
                "spec.repository.from.name: Invalid value: \"a/b:1\": you must specify an image repository, not a tag or ID",
            ])
    }
}
