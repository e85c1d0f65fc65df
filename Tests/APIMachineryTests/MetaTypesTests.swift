import APIMachinery
import JSON
import Testing

@Suite("Types of metadata")
struct MetaTypesTests {
    @Test("A Status has its members in order, metadata always there")
    func status() {
        let status = Status(
            status: "Failure", message: #"imagestreams.image.openshift.io "nope" not found"#, reason: "NotFound",
            details: StatusDetails(name: "nope", group: "image.openshift.io", kind: "imagestreams"), code: 404)
        #expect(
            String(decoding: status.jsonBytes(), as: UTF8.self)
                == #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"imagestreams.image.openshift.io \"nope\" not found","reason":"NotFound","details":{"name":"nope","group":"image.openshift.io","kind":"imagestreams"},"code":404}"#
        )
        #expect(String(decoding: Status().encodedBytes(), as: UTF8.self) == #"{"metadata":{}}"#)
    }

    @Test("Metadata comes back as it went, maps sorted by bytes")
    func objectMeta() throws {
        let text =
            #"{"name":"a","generateName":"a-","namespace":"n","selfLink":"s","uid":"u","resourceVersion":"1","generation":2,"creationTimestamp":"2026-01-02T03:04:05Z","deletionTimestamp":"2026-01-02T03:04:06Z","deletionGracePeriodSeconds":0,"labels":{"B":"1","a":"2","b":"3"},"annotations":{"x":""},"ownerReferences":[{"apiVersion":"v1","kind":"K","name":"o","uid":"","controller":false,"blockOwnerDeletion":true}],"finalizers":["f"],"managedFields":[{"manager":"m","operation":"Update","apiVersion":"v1","time":"2026-01-02T03:04:05Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{".":{}}}},"subresource":"status"}]}"#
        var issues: [JSONIssue] = []
        let meta = try ObjectMeta.decode(Array(text.utf8), issues: &issues)
        #expect(String(decoding: meta.encodedBytes(), as: UTF8.self) == text)
        #expect(issues.isEmpty)
        #expect(String(decoding: ObjectMeta().encodedBytes(), as: UTF8.self) == "{}")
    }

    @Test("null members count as absent, also where the type would not fit")
    func nulls() throws {
        let text = #"{"name":null,"labels":null,"creationTimestamp":null,"ownerReferences":null,"generation":null}"#
        #expect(try ObjectMeta.decode(Array(text.utf8)) == ObjectMeta())
        #expect(try ObjectMeta.decode(Array("null".utf8)) == ObjectMeta())
    }

    @Test("Secrets carry base64; a malformed one is refused")
    func secret() throws {
        let text = #"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"s"},"data":{"k":"AAEC"},"type":"Opaque"}"#
        let secret = try Secret.decode(Array(text.utf8))
        #expect(secret.data == ["k": [0, 1, 2]])
        #expect(String(decoding: secret.jsonBytes(), as: UTF8.self) == text)
        let error = #expect(throws: JSONError.self) { try Secret.decode(Array(#"{"data":{"k":"A*EC"}}"#.utf8)) }
        #expect(error?.message == "illegal base64 data at input byte 1")
    }

    @Test("Every declared type names its fields once, with distinct protobuf numbers in one message")
    func schemas() {
        for schema in [ObjectMeta.schema, Status.schema, Secret.schema, DeleteOptions.schema, ListMeta.schema] {
            let numbers = schema.fields.map(\.protobuf).filter { !$0.isEmpty }
            #expect(Set(numbers).count == numbers.count, "\(schema.name)")
        }
        #expect(ObjectMeta.schema.field("finalizers")?.effectiveListType == .set)
        #expect(ObjectMeta.schema.field("ownerReferences")?.listKeys == ["uid"])
        #expect(ObjectReference.schema.isAtomic)
    }

    @Test("Group, version and kind are written as clients know them")
    func names() {
        #expect(GroupVersion("v1") == GroupVersion(group: "", version: "v1"))
        #expect(GroupVersion("a/v1")?.apiVersion == "a/v1")
        #expect(GroupVersion("a/b/c") == nil)
        #expect(GroupResource(group: "g", resource: "r").description == "r.g")
        #expect(Status.groupVersionKind.description == "v1, Kind=Status")
    }
}
