import APIMachinery
import Identity
import ImageAPI
import JSON
import Testing

/// Bodies that clients and the reference send, byte for byte.
@Suite("Protobuf bodies of clients")
struct ProtobufFixtureTests {
    struct Fixture: Sendable, CustomTestStringConvertible {
        let schema: TypeSchema
        let json: String
        let hex: String
        var testDescription: String { schema.name }
    }

    static let metadata = field("metadata", .object(ObjectMeta.schema), 1)

    static let selfSubjectReview = schema(
        "SelfSubjectReview",
        [
            metadata,
            field(
                "status",
                .object(
                    schema(
                        "Status",
                        [
                            field(
                                "userInfo",
                                .object(
                                    schema(
                                        "UserInfo",
                                        [
                                            field("username", .string, 1), field("uid", .string, 2),
                                            field("groups", .list(.string), 3),
                                            field("extra", .map(.list(.string)), 4),
                                        ])), 1)
                        ])), 2),
        ])

    static let selfSubjectAccessReview = schema(
        "SelfSubjectAccessReview",
        [
            metadata,
            field(
                "spec",
                .object(
                    schema(
                        "Spec",
                        [
                            field(
                                "resourceAttributes",
                                .object(
                                    schema(
                                        "ResourceAttributes",
                                        [
                                            field("namespace", .string, 1), field("verb", .string, 2),
                                            field("group", .string, 3), field("version", .string, 4),
                                            field("resource", .string, 5), field("subresource", .string, 6),
                                            field("name", .string, 7),
                                        ])), 1, isPointer: true)
                        ])), 2),
            field(
                "status",
                .object(
                    schema(
                        "Status",
                        [
                            field("allowed", .bool, 1), field("reason", .string, 2),
                            field("evaluationError", .string, 3), field("denied", .bool, 4),
                        ])), 3),
        ])

    static let tokenRequest = schema(
        "TokenRequest",
        [
            metadata,
            field(
                "spec",
                .object(
                    schema(
                        "Spec",
                        [
                            field("audiences", .list(.string), 1),
                            field("expirationSeconds", .int64, 4, isPointer: true),
                        ])), 2),
            field(
                "status",
                .object(
                    schema("Status", [field("token", .string, 1), field("expirationTimestamp", .time, 2)])), 3),
        ])

    static let roleBinding = schema(
        "RoleBinding",
        [
            metadata,
            field(
                "subjects",
                .list(
                    .object(
                        schema(
                            "Subject",
                            [
                                field("kind", .string, 1), field("apiGroup", .string, 2), field("name", .string, 3),
                                field("namespace", .string, 4),
                            ]))), 2),
            field(
                "roleRef",
                .object(
                    schema(
                        "RoleRef",
                        [field("apiGroup", .string, 1), field("kind", .string, 2), field("name", .string, 3)])), 3),
        ])

    /// spec/clients.md 1.5 and spec/api-machinery.md D.3.
    static let fixtures: [Fixture] = [
        Fixture(
            schema: selfSubjectReview,
            json:
                #"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1","metadata":{},"status":{"userInfo":{}}}"#,
            hex:
                "6b3873000a2d0a1861757468656e7469636174696f6e2e6b38732e696f2f7631121153656c665375626a656374526576696577121a0a100a0012001a0022002a0032003800420012060a040a0012001a002200"
        ),
        Fixture(
            schema: selfSubjectAccessReview,
            json:
                #"{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":{"resourceAttributes":{"namespace":"demo","verb":"get","group":"image.openshift.io","version":"","resource":"imagestreams","subresource":"","name":"layers"}},"status":{}}"#,
            hex:
                "6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a65637441636365737352657669657712590a100a0012001a0022002a00320038004200123b0a390a0464656d6f12036765741a12696d6167652e6f70656e73686966742e696f22002a0c696d61676573747265616d7332003a066c61796572731a08080012001a0020001a002200"
        ),
        Fixture(
            schema: tokenRequest,
            json:
                #"{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{"expirationSeconds":3600}}"#,
            hex:
                "6b3873000a280a1861757468656e7469636174696f6e2e6b38732e696f2f7631120c546f6b656e52657175657374121d0a100a0012001a0022002a003200380042001203 20901c1a040a0012001a002200"
        ),
        Fixture(
            schema: roleBinding,
            json:
                #"{"kind":"RoleBinding","apiVersion":"rbac.authorization.k8s.io/v1","metadata":{"name":"system:image-puller","namespace":"demo"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"alice"}],"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"system:image-puller"}}"#,
            hex:
                "6b3873000a2b0a1c726261632e617574686f72697a6174696f6e2e6b38732e696f2f7631120b526f6c6542696e64696e671294010a270a1373797374656d3a696d6167652d70756c6c657212001a0464656d6f22002a00320038004200122a0a04557365721219726261632e617574686f72697a6174696f6e2e6b38732e696f1a05616c69636522001a3d0a19726261632e617574686f72697a6174696f6e2e6b38732e696f120b436c7573746572526f6c651a1373797374656d3a696d6167652d70756c6c65721a002200"
        ),
        Fixture(
            schema: schema("ServiceAccount", [metadata]),
            json: #"{"kind":"ServiceAccount","apiVersion":"v1","metadata":{"name":"deployer"}}"#,
            hex:
                "6b3873000a140a027631120e536572766963654163636f756e74121a0a180a086465706c6f79657212001a0022002a003200380042001a002200"
        ),
        Fixture(
            schema: Namespace.schema,
            json: #"{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"zz"},"spec":{},"status":{"phase":""}}"#,
            hex:
                "6b3873000a0f0a02763112094e616d657370616365121a0a120a027a7a12001a0022002a0032003800420012001a020a001a002200"
        ),
        Fixture(
            schema: DeleteOptions.schema,
            json: #"{"kind":"DeleteOptions","apiVersion":"rbac.authorization.k8s.io/v1"}"#,
            hex:
                "6b3873000a2d0a1c726261632e617574686f72697a6174696f6e2e6b38732e696f2f7631120d44656c6574654f7074696f6e7312001a002200"
        ),
        Fixture(
            schema: PartialObjectMetadata.schema,
            json:
                #"{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"a","namespace":"p","resourceVersion":"7"}}"#,
            hex: """
                6b387300 0a27 0a0e 6d6574612e6b38732e696f2f7631 1215 5061727469616c4f626a6563744d65746164617461
                1215 0a13 0a0161 1200 1a0170 2200 2a00 320137 3800 4200 1a00 2200
                """),
    ]

    @Test("What clients send is what the encoder writes", arguments: fixtures)
    func encoding(_ fixture: Fixture) throws {
        let envelope = try ProtobufEnvelope(json: Array(fixture.json.utf8), schema: fixture.schema)
        #expect(hex(envelope.bytes) == hex(bytes(hex: fixture.hex)))
    }

    @Test("What clients send is read, and written again the same", arguments: fixtures)
    func decoding(_ fixture: Fixture) throws {
        let envelope = try ProtobufEnvelope(parsing: bytes(hex: fixture.hex))
        let (json, repairsText) = try envelope.json(fixture.schema)
        #expect(!repairsText)
        #expect(try ProtobufEnvelope(json: json, schema: fixture.schema) == envelope)
        #expect(envelope.bytes == bytes(hex: fixture.hex))
    }

    @Test("A namespace becomes the JSON that means the same")
    func namespace() throws {
        let fixture = Self.fixtures[5]
        let (json, _) = try ProtobufEnvelope(parsing: bytes(hex: fixture.hex)).json(Namespace.schema)
        #expect(
            text(json)
                == #"{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"zz","generateName":"","namespace":"","selfLink":"","uid":"","resourceVersion":"","generation":0,"creationTimestamp":null},"spec":{},"status":{"phase":""}}"#
        )
        let namespace = try Namespace.decode(json)
        #expect(namespace == Namespace(metadata: ObjectMeta(name: "zz")))
    }

    @Test("A watch event is a length and a message that holds the whole object")
    func watchFrame() throws {
        let object = bytes(hex: Self.fixtures[7].hex)
        let frame = ProtobufWatchFrame.bytes(type: "ADDED", object: object)
        #expect(object.count == 72)
        #expect(hex(frame) == "00000053" + "0a054144444544" + "124a" + "0a48" + hex(object))
    }
}
