import ImageAPI
import JSON
import Testing

@testable import APIMachinery

@Suite("Managed fields of plain writes")
struct UpdateTests {
    private let wholeTag =
        #"{".":{},"f:annotations":{},"f:from":{},"f:generation":{},"f:importPolicy":{".":{},"f:importMode":{}},"f:name":{},"f:reference":{},"f:referencePolicy":{".":{},"f:type":{}}}"#

    @Test("The empty document is the JSON of the empty object")
    func emptyDocument() throws {
        func check<Object: APIObject>(_: Object.Type) throws {
            var expected = try JSONValue.parse(Object().jsonBytes())
            expected["kind"] = nil
            expected["apiVersion"] = nil
            #expect(Object.schema.emptyDocument == expected, "\(Object.self)")
        }
        try check(ImageStream.self)
        try check(Image.self)
        try check(ImageStreamTag.self)
        try check(ImageTag.self)
        try check(ImageSignature.self)
    }

    @Test("Managers get the fields they set, others lose them")
    func ownership() throws {
        var stream = TrackedStream()
        try stream.create(
            #"{"metadata":{"name":"a","labels":{"l":"1"},"annotations":{"n":"1"},"finalizers":["example.com/f"]},"spec":{"lookupPolicy":{"local":true},"tags":[{"name":"v1","reference":true,"from":{"kind":"DockerImage","name":"r"},"annotations":{"q":"1"}}]}}"#,
            as: "creator")
        let withAnnotation = wholeTag.replacing(
            #""f:annotations":{}"#, with: #""f:annotations":{".":{},"f:q":{}}"#)
        func creator(_ labels: String) -> String {
            #"{"f:metadata":{"f:annotations":{".":{},"f:n":{}},"f:finalizers":{".":{},"v:\"example.com/f\"":{}}\#(labels)},"f:spec":{"f:lookupPolicy":{"f:local":{}},"f:tags":{".":{},"k:{\"name\":\"v1\"}":\#(withAnnotation)}}}"#
        }
        #expect(stream.fields(of: "creator") == creator(#","f:labels":{".":{},"f:l":{}}"#))

        let patch = try JSONValue.parse(#"{"spec":{"tags":[\#(tag("v2"))]}}"#)
        let document = try TrackedStream.document(try #require(stream.stream))
        try stream.put(
            try StrategicMergePatch.apply(patch, to: document, schema: ImageStream.schema), as: "changer")
        let second = #""f:spec":{"f:tags":{"k:{\"name\":\"v2\"}":\#(wholeTag)}}"#
        #expect(stream.fields(of: "changer") == "{\(second)}")

        let before = stream.managers
        try stream.merge(#"{"metadata":{"labels":{"l":"1"}}}"#, as: "changer")
        #expect(stream.managers == before)

        try stream.merge(#"{"metadata":{"labels":{"l":"2"}}}"#, as: "changer")
        #expect(stream.fields(of: "changer") == #"{"f:metadata":{"f:labels":{"f:l":{}}},\#(second)}"#)
        #expect(stream.fields(of: "creator") == creator(#","f:labels":{}"#))

        try stream.merge(#"{"metadata":{"labels":null}}"#, as: "third")
        #expect(stream.fields(of: "changer") == "{\(second)}")
        #expect(stream.fields(of: "creator") == creator(""))
        #expect(stream.fields(of: "third") == nil)

        try stream.merge(
            #"{"status":{"tags":[{"tag":"t","items":[{"created":"2001-02-03T04:05:06Z","dockerImageReference":"r","image":"i","generation":1}]}]}}"#,
            as: "st", fields: TrackedStream.statusFields)
        #expect(stream.managers.last?.subresource == "status")
        try stream.merge(
            #"{"status":{"tags":[{"tag":"u","items":[]},{"tag":"t","items":[{"created":"2001-02-03T04:05:06Z","dockerImageReference":"r","image":"i","generation":1}]}]}}"#,
            as: "su", fields: TrackedStream.statusFields)
        #expect(
            stream.fields(of: "su") == #"{"f:status":{"f:tags":{"k:{\"tag\":\"u\"}":{".":{},"f:items":{},"f:tag":{}}}}}"#)
    }

    @Test("Clients may rename managers, damage nothing, and reset the list")
    func submitted() throws {
        var stream = TrackedStream()
        try stream.create(#"{"metadata":{"name":"a","labels":{"x":"1"}}}"#, as: "one")
        let original = stream.managers
        for damage in [
            #"{"operation":"Nope"}"#, #"{"fieldsType":"FieldsV9"}"#, #"{"apiVersion":""}"#,
            #"{"fieldsV1":{"q:x":{}}}"#, #"{"fieldsV1":[]}"#,
        ] {
            var document = try TrackedStream.document(try #require(stream.stream))
            let entry = try #require(document["metadata"]?["managedFields"]?.arrayValue?.first)
            document["metadata"]?["managedFields"] = [MergePatch.apply(try JSONValue.parse(damage), to: entry)]
            try stream.put(document, as: "two")
            #expect(stream.managers == original, "\(damage)")
        }
        var document = try TrackedStream.document(try #require(stream.stream))
        document["metadata"]?["managedFields"] = nil
        try stream.put(document, as: "two")
        #expect(stream.managers == original)
        document["metadata"]?["managedFields"] = .null
        try stream.put(document, as: "two")
        #expect(stream.managers == original)

        var renamed = original
        renamed[0].manager = "renamed"
        document["metadata"]?["managedFields"] = try JSONValue.parse(renamed[0].encodedBytes()).asList
        try stream.put(document, as: "two")
        #expect(stream.managers == renamed)

        // Another spelling of the same set is written in the server's.
        var respelt = renamed[0]
        respelt.fieldsV1 = try RawJSON(
            parsing: Array(#"{"f:metadata":{"f:labels":{"f:x":{".":{}},".":{}}}}"#.utf8))
        document["metadata"]?["managedFields"] = try JSONValue.parse(respelt.encodedBytes()).asList
        try stream.put(document, as: "two")
        #expect(stream.managers == renamed)

        document["metadata"]?["managedFields"] = []
        document["metadata"]?["labels"]?["z"] = "2"
        try stream.put(document, as: "two")
        #expect(stream.managers == [])
        try stream.merge(#"{"metadata":{"labels":{"z":"3"}}}"#, as: "two")
        #expect(stream.managers == [])
    }

    @Test("Entries of versions that are not served are dropped by the next change")
    func otherVersions() throws {
        var stream = TrackedStream()
        try stream.create(#"{"metadata":{"name":"a","labels":{"x":"1"}}}"#, as: "one")
        stream.stream?.metadata.managedFields[0].apiVersion = "image.openshift.io/v0"
        try stream.merge(#"{"metadata":{"labels":{"y":"1"}}}"#, as: "two")
        #expect(stream.managers.map(\.manager) == ["two"])
    }

    @Test("Beyond ten updaters the oldest are joined")
    func joined() throws {
        var stream = TrackedStream()
        try stream.create(#"{"metadata":{"name":"a","labels":{"m0":"1"}}}"#, as: "m0")
        for index in 1..<14 { try stream.merge(#"{"metadata":{"labels":{"m\#(index)":"1"}}}"#, as: "m\(index)") }
        #expect(stream.managers.count == 10)
        #expect(stream.managers.map(\.manager) == ["ancient-changes"] + (5..<14).map { "m\($0)" })
        #expect(
            stream.fields(of: "ancient-changes")
                == #"{"f:metadata":{"f:labels":{".":{},"f:m0":{},"f:m1":{},"f:m2":{},"f:m3":{},"f:m4":{}}}}"#)
        #expect(stream.time(of: "ancient-changes") == 1_004)
    }

    @Test("A list stored with duplicates is compared as a whole for the repeated key")
    func duplicates() throws {
        let type = ApplyType(ImageStreamSpec.schema)
        func document(_ tags: (String, Bool)...) -> JSONValue {
            ["tags": .array(tags.map { ["name": .string($0.0), "reference": .bool($0.1)] })]
        }
        let repeated = document(("a", true), ("a", false), ("b", true))
        #expect(Comparison(old: repeated, new: repeated, type: type).isSame)
        let changed = Comparison(old: repeated, new: document(("a", true), ("b", true)), type: type)
        #expect(changed.modified.paths.map(\.description) == [#".tags[name="a"]"#])
        #expect(changed.added.isEmpty && changed.removed.isEmpty)
    }

    @Test("The order of elements is no change of ownership")
    func reordered() {
        let type = ApplyType(ImageStreamSpec.schema)
        let old: JSONValue = ["tags": [["name": "a"], ["name": "b"]]]
        let new: JSONValue = ["tags": [["name": "b"], ["name": "a"]]]
        #expect(Comparison(old: old, new: new, type: type).isSame)
    }

    @Test(
        "Programs are named by their User-Agent",
        arguments: [
            ("kubectl/v1.30 (linux/amd64)", "kubectl"), ("", "unknown"), ("/x", "unknown"), ("my tool/1.0", "my tool"),
            ("a\u{7}b\n/1", "ab"), (String(repeating: "é", count: 70), String(repeating: "é", count: 64)),
        ])
    func userAgents(_ agent: String, _ name: String) {
        #expect(FieldManager.managerName(userAgent: agent) == name)
    }

    @Test("Entries that differ in times only are the same")
    func timesApart() throws {
        var left = ManagedFieldsEntry(manager: "a", operation: "Update", time: Timestamp(secondsSince1970: 1))
        let right = ManagedFieldsEntry(manager: "a", operation: "Update", time: Timestamp(secondsSince1970: 2))
        #expect(ManagedFieldsEntry.equalApartFromTimes([left], [right]))
        left.manager = "b"
        #expect(!ManagedFieldsEntry.equalApartFromTimes([left], [right]))
    }
}

extension JSONValue {
    fileprivate var asList: JSONValue { .array([self]) }
}
