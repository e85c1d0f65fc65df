import APIMachinery
import JSON
import Testing

@Suite("Validation of metadata")
struct ObjectMetaValidationTests {
    private static func texts(
        isNamespaced: Bool = true, nameRule: (String) -> [String] = NameRules.pathSegment,
        _ change: (inout ObjectMeta) -> Void
    ) -> [String] {
        var metadata = ObjectMeta(name: "a")
        metadata.namespace = isNamespaced ? "n" : ""
        change(&metadata)
        return ObjectMetaValidation.validate(metadata, isNamespaced: isNamespaced, nameRule: nameRule).map(\.text)
    }

    @Test("A sound object passes")
    func sound() {
        let texts = Self.texts {
            $0.labels = ["example.com/a": "b", "c": ""]
            $0.annotations = ["Example.com/A": String(repeating: "x", count: 1_000)]
            $0.finalizers = ["orphan", "example.com/f"]
            $0.ownerReferences = [OwnerReference(apiVersion: "v1", kind: "K", name: "o", uid: "u", controller: true)]
        }
        #expect(texts == [])
    }

    @Test("Names and namespaces")
    func names() {
        #expect(
            Self.texts {
                $0.name = ""
                $0.namespace = ""
            } == [
                "metadata.name: Required value: name or generateName is required", "metadata.namespace: Required value",
            ])
        #expect(Self.texts { $0.name = ".." } == [#"metadata.name: Invalid value: "..": may not be '..'"#])
        #expect(
            Self.texts { $0.generateName = "a/" } == [
                #"metadata.generateName: Invalid value: "a/": may not contain '/'"#
            ])
        #expect(
            Self.texts { $0.namespace = "a.b" } == [#"metadata.namespace: Invalid value: "a.b": must not contain dots"#]
        )
        #expect(
            Self.texts(isNamespaced: false) { $0.namespace = "n" } == [
                "metadata.namespace: Forbidden: not allowed on this type"
            ])
    }

    @Test("Labels, annotations and finalizers")
    func maps() {
        #expect(
            Self.texts { $0.labels = ["": "x"] }.first?.hasPrefix(#"metadata.labels: Invalid value: "": name part"#)
                == true)
        #expect(
            Self.texts { $0.labels = ["a": "-"] }.first?.hasPrefix(#"metadata.labels: Invalid value: "-": a valid"#)
                == true)
        #expect(Self.texts { $0.annotations = ["-": ""] }.count == 1)
        #expect(Self.texts { $0.annotations = ["a": String(repeating: "x", count: 262_143)] } == [])
        #expect(
            Self.texts { $0.annotations = ["a": String(repeating: "x", count: 262_144)] } == [
                "metadata.annotations: Too long: may not be more than 262144 bytes"
            ])
        #expect(
            Self.texts { $0.finalizers = ["mine"] } == [
                #"metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified"#
            ])
        #expect(
            Self.texts { $0.finalizers = ["orphan", "foregroundDeletion"] } == [
                #"metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set"#
            ])
        #expect(
            Self.texts { $0.generation = -1 } == [
                "metadata.generation: Invalid value: -1: must be greater than or equal to 0"
            ])
    }

    @Test("Owners")
    func owners() {
        #expect(
            Self.texts { $0.ownerReferences = [OwnerReference()] } == [
                #"metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty"#,
                #"metadata.ownerReferences.kind: Invalid value: "": must not be empty"#,
                #"metadata.ownerReferences.name: Invalid value: "": must not be empty"#,
                #"metadata.ownerReferences.uid: Invalid value: "": must not be empty"#,
            ])
        let owners = ["a", "b"].map { OwnerReference(apiVersion: "v1", kind: "K", name: $0, uid: $0, controller: true) }
        let texts = Self.texts { $0.ownerReferences = owners }
        #expect(texts.count == 1)
        #expect(
            texts.first?.hasSuffix(
                #"Only one reference can have Controller set to true. Found "true" in references for K/a and K/b"#)
                == true)
    }

    @Test("What an update may not change")
    func updates() {
        var old = ObjectMeta(name: "a")
        old.namespace = "n"
        old.uid = "u"
        old.resourceVersion = "5"
        old.generation = 3
        old.creationTimestamp = Timestamp(secondsSince1970: 0)
        #expect(ObjectMetaValidation.validateUpdate(old, old: old).isEmpty)
        var new = old
        new.name = "b"
        new.namespace = "m"
        new.uid = "v"
        new.resourceVersion = ""
        new.generation = 2
        new.deletionGracePeriodSeconds = 5
        new.labels = ["a": "-"]
        let texts = ObjectMetaValidation.validateUpdate(new, old: old).map(\.text)
        #expect(
            texts.dropLast() == [
                #"metadata.resourceVersion: Invalid value: "": must be specified for an update"#,
                "metadata.generation: Invalid value: 2: must not be decremented",
                #"metadata.name: Invalid value: "b": field is immutable"#,
                #"metadata.namespace: Invalid value: "m": field is immutable"#,
                #"metadata.uid: Invalid value: "v": field is immutable"#,
                "metadata.deletionGracePeriodSeconds: Invalid value: 5: field is immutable",
            ])
        #expect(texts.last?.hasPrefix("metadata.labels: ") == true)
    }

    @Test("Nothing new may hold an object that is being deleted")
    func finalizersOfTheDeleted() {
        var old = ObjectMeta(name: "a")
        old.namespace = "n"
        old.resourceVersion = "1"
        old.finalizers = ["example.com/a"]
        var new = old
        new.finalizers = ["example.com/a", "example.com/c", "example.com/b"]
        #expect(ObjectMetaValidation.validateUpdate(new, old: old).isEmpty)
        old.deletionTimestamp = Timestamp(secondsSince1970: 1)
        new.deletionTimestamp = old.deletionTimestamp
        #expect(
            ObjectMetaValidation.validateUpdate(new, old: old).map(\.text) == [
                #"metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/b", "example.com/c"}"#
            ])
        new.finalizers = []
        #expect(ObjectMetaValidation.validateUpdate(new, old: old).isEmpty)
    }
}
