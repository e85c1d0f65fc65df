import ImageAPI
import JSON
import Testing

@testable import APIMachinery

@Suite("Server-side apply")
struct ApplyTests {
    private let tagFields = #"{".":{},"f:from":{},"f:name":{},"f:reference":{}}"#
    /// What an update owns of a tag that was just made.
    private let wholeTag =
        #"{".":{},"f:annotations":{},"f:from":{},"f:generation":{},"f:importPolicy":{".":{},"f:importMode":{}},"f:name":{},"f:reference":{},"f:referencePolicy":{".":{},"f:type":{}}}"#

    private func tags(_ names: String...) -> String {
        "\"f:tags\":{" + names.map { #""k:{\"name\":\"\#($0)\"}":\#(tagFields)"# }.joined(separator: ",") + "}"
    }

    @Test("The step by step example of the specification (D.9)")
    func stepByStep() throws {
        var stream = TrackedStream()
        try stream.create(
            #"{"metadata":{"name":"a","labels":{"app":"web"}},"spec":{"lookupPolicy":{"local":true}}}"#,
            as: "kubectl-create")
        let created =
            #"kubectl-create/Update: {"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:lookupPolicy":{"f:local":{}}}}"#
        #expect(stream.owners == [created])

        try stream.apply(#"{"metadata":{"name":"a","labels":{"tier":"x"}}}"#, as: "ci")
        #expect(stream.owners == [#"ci/Apply: {"f:metadata":{"f:labels":{"f:tier":{}}}}"#, created])

        #expect(throws: ApplyFailure.self) {
            try stream.apply(#"{"metadata":{"name":"a","labels":{"app":"api"}}}"#, as: "ci")
        }

        try stream.apply(#"{"metadata":{"name":"a","labels":{"app":"api"}}}"#, as: "ci", force: true)
        #expect(stream.stream?.metadata.labels == ["app": "api"])
        let reduced =
            #"kubectl-create/Update: {"f:metadata":{"f:labels":{}},"f:spec":{"f:lookupPolicy":{"f:local":{}}}}"#
        #expect(stream.owners == [#"ci/Apply: {"f:metadata":{"f:labels":{"f:app":{}}}}"#, reduced])

        try stream.apply(#"{"metadata":{"name":"a"}}"#, as: "ci")
        #expect(stream.stream?.metadata.labels == [:])
        #expect(stream.owners == [reduced])

        try stream.merge(#"{"spec":{"lookupPolicy":{"local":false}}}"#, as: "editor")
        #expect(
            stream.owners.contains(#"editor/Update: {"f:spec":{"f:lookupPolicy":{"f:local":{}}}}"#))
        #expect(stream.fields(of: "kubectl-create")?.contains("lookupPolicy") != true)
    }

    @Test("An applied object is made, changed and emptied by one manager")
    func oneManager() throws {
        var stream = TrackedStream()
        try stream.apply(
            #"{"metadata":{"name":"a","labels":{"x":"1"}},"spec":{"tags":[\#(tag("v1"))]}}"#, as: "one")
        let first = #"one/Apply: {"f:metadata":{"f:labels":{"f:x":{}}},"f:spec":{\#(tags("v1"))}}"#
        #expect(stream.owners == [first])
        #expect(stream.time(of: "one") == 1_000)

        let isWritten = try stream.apply(
            #"{"metadata":{"name":"a","labels":{"x":"1"}},"spec":{"tags":[\#(tag("v1"))]}}"#, as: "one")
        #expect(!isWritten)
        #expect(stream.time(of: "one") == 1_000)

        try stream.apply(
            #"{"metadata":{"name":"a","labels":{"x":"2","y":"1"}},"spec":{"tags":[\#(tag("v1")),\#(tag("v2"))]}}"#,
            as: "one")
        #expect(
            stream.owners
                == [#"one/Apply: {"f:metadata":{"f:labels":{"f:x":{},"f:y":{}}},"f:spec":{\#(tags("v1", "v2"))}}"#])
        #expect(stream.time(of: "one") == 1_002)

        try stream.apply(
            #"{"metadata":{"name":"a","labels":{"y":"1"}},"spec":{"tags":[\#(tag("v2"))]}}"#, as: "one")
        #expect(stream.stream?.spec.tags.map(\.name) == ["v2"])
        #expect(stream.stream?.metadata.labels == ["y": "1"])

        try stream.apply(#"{"metadata":{"name":"a"}}"#, as: "one")
        #expect(stream.stream?.spec.tags == [])
        #expect(stream.managers == [])
        #expect(stream.stream?.metadata.name == "a" && stream.stream?.metadata.uid == "u")
    }

    @Test("Two appliers share, conflict, take over and give up")
    func twoManagers() throws {
        var stream = TrackedStream()
        let one =
            #"{"metadata":{"name":"a","labels":{"x":"1","shared":"s"},"annotations":{"k":"1"}},"spec":{"tags":[\#(tag("v1"))]}}"#
        try stream.apply(one, as: "one")
        try stream.apply(#"{"metadata":{"name":"a","labels":{"shared":"s"}}}"#, as: "two")
        // A manager that changed nothing has no time, and comes first.
        #expect(stream.owners.first == #"two/Apply: {"f:metadata":{"f:labels":{"f:shared":{}}}}"#)
        #expect(stream.managers.first?.time == nil)

        let failure = #expect(throws: ApplyFailure.self) {
            try stream.apply(
                #"{"metadata":{"name":"a","labels":{"x":"2","shared":"t"},"annotations":{"k":"2"}}}"#, as: "two")
        }
        #expect(
            failure?.apiError.message
                == "Apply failed with 3 conflicts: conflicts with \"one\":\n- .metadata.annotations.k\n- .metadata.labels.shared\n- .metadata.labels.x"
        )
        #expect(failure?.apiError.code == 409)
        #expect(failure?.apiError.status.details?.causes.map(\.reason) == Array(repeating: "FieldManagerConflict", count: 3))

        let tagConflict = #expect(throws: ApplyFailure.self) {
            try stream.apply(
                #"{"metadata":{"name":"a"},"spec":{"tags":[\#(tag("v1", "registry.example/other:1"))]}}"#, as: "two")
        }
        #expect(
            tagConflict?.apiError.message
                == #"Apply failed with 1 conflict: conflict with "one": .spec.tags[name="v1"].from"#)

        try stream.apply(
            #"{"metadata":{"name":"a","labels":{"shared":"s"}},"spec":{"tags":[\#(tag("v2"))]}}"#, as: "two")
        #expect(stream.stream?.spec.tags.map(\.name) == ["v1", "v2"])

        // What two owned, one may drop without effect.
        try stream.apply(
            #"{"metadata":{"name":"a","labels":{"x":"1"},"annotations":{"k":"1"}},"spec":{"tags":[\#(tag("v1"))]}}"#,
            as: "one")
        #expect(stream.stream?.metadata.labels == ["x": "1", "shared": "s"])
        #expect(stream.time(of: "one") == 1_000)

        try stream.apply(
            #"{"metadata":{"name":"a","labels":{"x":"2","shared":"s"}},"spec":{"tags":[\#(tag("v2"))]}}"#, as: "two",
            force: true)
        #expect(stream.stream?.metadata.labels == ["x": "2", "shared": "s"])
        #expect(
            stream.fields(of: "one") == #"{"f:metadata":{"f:annotations":{"f:k":{}}},"f:spec":{\#(tags("v1"))}}"#)

        let isWritten = try stream.apply(
            #"{"metadata":{"name":"a","annotations":{"k":"1"}},"spec":{"tags":[\#(tag("v1"))]}}"#, as: "one")
        #expect(!isWritten)
        try stream.apply(#"{"metadata":{"name":"a"}}"#, as: "two")
        #expect(stream.stream?.metadata.labels == [:])
        #expect(stream.stream?.spec.tags.map(\.name) == ["v1"])
        #expect(stream.managers.map(\.manager) == ["one"])
    }

    @Test("Apply against a writer that does not apply")
    func againstUpdates() throws {
        var stream = TrackedStream()
        try stream.create(
            #"{"metadata":{"name":"a","labels":{"x":"1"}},"spec":{"tags":[\#(tag("v1"))]}}"#, as: "writer")
        let writer =
            #"{"f:metadata":{"f:labels":{".":{},"f:x":{}}},"f:spec":{"f:tags":{".":{},"k:{\"name\":\"v1\"}":\#(wholeTag)}}}"#
        #expect(stream.owners == ["writer/Update: \(writer)"])

        let failure = #expect(throws: ApplyFailure.self) {
            try stream.apply(#"{"metadata":{"name":"a","labels":{"x":"2"}}}"#, as: "one")
        }
        #expect(
            failure?.apiError.message
                == #"Apply failed with 1 conflict: conflict with "writer" using image.openshift.io/v1: .metadata.labels.x"#
        )
        try stream.apply(#"{"metadata":{"name":"a","labels":{"x":"1"}}}"#, as: "one")
        #expect(stream.owners == [#"one/Apply: {"f:metadata":{"f:labels":{"f:x":{}}}}"#, "writer/Update: \(writer)"])
        #expect(stream.managers[0].time == nil)

        // The writer takes the label from the applier, who gets it back by force only.
        try stream.merge(#"{"metadata":{"labels":{"x":"3"}}}"#, as: "writer")
        #expect(stream.managers.map(\.manager) == ["writer"])
        #expect(throws: ApplyFailure.self) {
            try stream.apply(#"{"metadata":{"name":"a","labels":{"x":"1"}}}"#, as: "one")
        }
        try stream.apply(#"{"metadata":{"name":"a","labels":{"x":"1"}}}"#, as: "one", force: true)
        #expect(stream.fields(of: "writer")?.hasPrefix(#"{"f:metadata":{"f:labels":{}},"f:spec""#) == true)

        try stream.merge(#"{"metadata":{"labels":{"y":"1"}}}"#, as: "another")
        #expect(stream.fields(of: "another") == #"{"f:metadata":{"f:labels":{"f:y":{}}}}"#)
        let both = #expect(throws: ApplyFailure.self) {
            try stream.apply(
                #"{"metadata":{"name":"a","labels":{"x":"1","y":"2"}},"spec":{"tags":[\#(tag("v1", "q"))]}}"#,
                as: "one")
        }
        #expect(
            both?.apiError.message
                == "Apply failed with 2 conflicts: conflicts with \"another\" using image.openshift.io/v1:\n- .metadata.labels.y\nconflicts with \"writer\" using image.openshift.io/v1:\n- .spec.tags[name=\"v1\"].from"
        )
        // An applier conflicts with an updater of its own name.
        #expect(throws: ApplyFailure.self) {
            try stream.apply(#"{"metadata":{"name":"a","labels":{"y":"5"}}}"#, as: "another")
        }
        var document = try TrackedStream.document(try #require(stream.stream))
        document["metadata"]?["labels"]?["x"] = nil
        try stream.put(document, as: "writer")
        #expect(Set(stream.managers.map(\.manager)) == ["another", "writer"])
    }

    @Test("The worked example of ownership (6.15)")
    func worked() throws {
        var stream = TrackedStream()
        try stream.create(
            #"{"metadata":{"name":"a","labels":{"app":"web"}},"spec":{"tags":[\#(tag("v1", "A"))]}}"#,
            as: "kubectl-create")
        try stream.apply(#"{"metadata":{"name":"a"},"spec":{"tags":[\#(tag("v2"))]}}"#, as: "ci")
        #expect(stream.stream?.spec.tags.map(\.name) == ["v1", "v2"])
        #expect(throws: ApplyFailure.self) {
            try stream.apply(#"{"metadata":{"name":"a"},"spec":{"tags":[\#(tag("v1", "B"))]}}"#, as: "ci")
        }
        try stream.apply(#"{"metadata":{"name":"a"},"spec":{"tags":[\#(tag("v1", "B"))]}}"#, as: "ci", force: true)
        #expect(stream.stream?.spec.tags.map(\.name) == ["v1"])
        #expect(stream.stream?.spec.tags.first?.from?.name == "B")
        try stream.apply(#"{"metadata":{"name":"a"},"spec":{"tags":[]}}"#, as: "ci")
        // Its creator still owns the tag.
        #expect(stream.stream?.spec.tags.map(\.name) == ["v1"])
        #expect(stream.managers.map(\.manager) == ["kubectl-create"])
    }

    @Test("What apply refuses", arguments: [
        (#"{"apiVersion":"image.openshift.io/v1"}"#, 400, "invalid object type: image.openshift.io/v1, Kind="),
        (#"{"kind":"ImageStream"}"#, 400, "invalid object type: /, Kind=ImageStream"),
        (#"{}"#, 400, "invalid object type: /, Kind="),
        (
            #"{"apiVersion":"image.openshift.io/v1","kind":"Image"}"#, 400,
            "invalid object type: image.openshift.io/v1, Kind=Image"
        ),
        (#"{"apiVersion":"v1","kind":"ImageStream"}"#, 400, "invalid object type: /v1, Kind=ImageStream"),
        (#"{"metadata":{"name":"a","managedFields":[]}}"#, 400, "metadata.managedFields must be nil"),
        (#"{"metadata":{"name":"a"},"nonsense":1}"#, 500, "F/a; G): .nonsense: field not declared in schema"),
        (#"{"metadata":{"name":"a","namespace":"p"},"spec":{"foo":1}}"#, 500, "Fp/a; G): .spec.foo: field not declared in schema"),
        (#"{"metadata":{"name":"a"},"spec":{"tags":"x"}}"#, 500, "F/a; G): .spec.tags: expected list, got &{x}"),
        (
            #"{"metadata":{"name":"a","labels":{"x":1}}}"#, 500,
            "F/a; G): .metadata.labels.x: expected string, got &value.valueUnstructured{Value:1}"
        ),
        (
            #"{"metadata":{"name":"a"},"spec":{"tags":[{"name":"v1"},{"name":"v1"}]}}"#, 500,
            #"F/a; G): .spec.tags: duplicate entries for key [name="v1"]"#
        ),
        (
            #"{"metadata":{"name":"a"},"spec":{"lookupPolicy":{"local":"x"}}}"#, 500,
            "F/a; G): .spec.lookupPolicy.local: expected boolean, got &{x}"
        ),
        (
            #"{"metadata":{"name":"a","generation":"1"}}"#, 500,
            "F/a; G): .metadata.generation: expected numeric (int or float), got string"
        ),
        (#"{"metadata":{"name":"a"},"spec":[]}"#, 500, "F/a; G): .spec: expected map, got &{[]}"),
        (
            #"{"metadata":{"name":"a"},"spec":{"tags":[{"name":"v1","from":{"nonsense":1}}]}}"#, 500,
            #"F/a; G): .spec.tags[name="v1"].from.nonsense: field not declared in schema"#
        ),
        (
            #"{"metadata":{"name":"a"},"spec":{"tags":[null]}}"#, 500,
            "F/a; G): .spec.tags: element 0: associative list with keys may not have a null element"
        ),
        (
            #"{"metadata":{"name":"a"},"a":1,"b":1}"#, 500,
            "F/a; G): errors:\n  .a: field not declared in schema\n  .b: field not declared in schema"
        ),
    ])
    func refused(_ configuration: String, _ code: Int, _ message: String) throws {
        var patch = try JSONValue.parse(configuration)
        if patch["metadata"] != nil {
            patch["kind"] = "ImageStream"
            patch["apiVersion"] = "image.openshift.io/v1"
        }
        let failure = #expect(throws: ApplyFailure.self) {
            try TrackedStream.fields.apply(
                old: nil, patch: patch, manager: "m", force: false, now: Timestamp(secondsSince1970: 1))
        }
        let expected = message.hasPrefix("F")
            ? message.replacing("F", with: "failed to create typed patch object (", maxReplacements: 1)
                .replacing("; G)", with: "; image.openshift.io/v1, Kind=ImageStream)")
            : message
        #expect(failure?.apiError.code == code)
        #expect(failure?.apiError.message == expected)
    }

    @Test("A tag without its name is the tag with the empty name")
    func missingKey() throws {
        var stream = TrackedStream()
        try stream.apply(#"{"metadata":{"name":"a"},"spec":{"tags":[{"reference":true}]}}"#, as: "one")
        #expect(stream.owners == [#"one/Apply: {"f:spec":{"f:tags":{"k:{\"name\":\"\"}":{".":{},"f:reference":{}}}}}"#])
    }

    @Test("Applying to an untracked object gives what was there to a manager of its own")
    func untracked() throws {
        var stream = TrackedStream()
        try stream.create(
            #"{"metadata":{"name":"a","labels":{"x":"1","y":"1"}},"spec":{"tags":[\#(tag("v1"))]},"status":{"dockerImageRepository":"r/a"}}"#,
            as: "writer")
        try stream.merge(#"{"metadata":{"managedFields":[{}]}}"#, as: "writer")
        #expect(stream.managers == [])
        try stream.merge(#"{"metadata":{"labels":{"z":"1"}}}"#, as: "writer")
        #expect(stream.managers == [])
        try stream.apply(#"{"metadata":{"name":"a","labels":{"x":"1"}}}"#, as: "one")
        #expect(stream.owners == [
            #"one/Apply: {"f:metadata":{"f:labels":{"f:x":{}}}}"#,
            #"before-first-apply/Update: {"f:metadata":{"f:labels":{".":{},"f:x":{},"f:y":{},"f:z":{}}},"f:spec":{"f:tags":{".":{},"k:{\"name\":\"v1\"}":\#(wholeTag)}},"f:status":{"f:dockerImageRepository":{}}}"#,
        ])
        #expect(stream.managers[0].time == nil)
        #expect(throws: ApplyFailure.self) {
            try stream.apply(#"{"metadata":{"name":"a","labels":{"y":"2"}}}"#, as: "two")
        }
    }

    @Test("A subresource has entries of its own, and conflicts name it")
    func subresource() throws {
        var stream = TrackedStream()
        try stream.apply(
            #"{"metadata":{"name":"a","labels":{"x":"1"}},"spec":{"tags":[\#(tag("v1"))]}}"#, as: "one")
        try stream.apply(
            #"{"metadata":{"name":"a"},"status":{"dockerImageRepository":"","tags":[{"tag":"t","items":[{"created":"2001-02-03T04:05:06Z","dockerImageReference":"r","image":"i","generation":1}]}]}}"#,
            as: "st", fields: TrackedStream.statusFields)
        #expect(
            stream.owners.last
                == #"st/Apply/status: {"f:status":{"f:dockerImageRepository":{},"f:tags":{"k:{\"tag\":\"t\"}":{".":{},"f:items":{},"f:tag":{}}}}}"#
        )
        let failure = #expect(throws: ApplyFailure.self) {
            try stream.apply(
                #"{"metadata":{"name":"a","labels":{"x":"1"}},"spec":{"tags":[\#(tag("v1"))]},"status":{"dockerImageRepository":"q"}}"#,
                as: "one")
        }
        #expect(
            failure?.apiError.message
                == #"Apply failed with 1 conflict: conflict with "st" with subresource "status": .status.dockerImageRepository"#
        )
        try stream.merge(
            #"{"status":{"tags":[{"tag":"u","items":[]}]},"metadata":{"managedFields":[]}}"#, as: "w",
            fields: TrackedStream.statusFields)
        #expect(stream.owners.last?.hasPrefix("w/Update/status:") == true)
    }

    @Test("Reset fields are never owned")
    func resetFields() throws {
        let fields = FieldManager(
            schema: ImageStream.schema, identity: ImageStream.groupVersionKind,
            resetFields: FieldSet([FieldPath("status")]))
        var stream = TrackedStream()
        try stream.apply(
            #"{"metadata":{"name":"a","labels":{"x":"1"}},"status":{"dockerImageRepository":"q"}}"#, as: "one",
            fields: fields)
        #expect(stream.owners == [#"one/Apply: {"f:metadata":{"f:labels":{"f:x":{}}}}"#])
        try stream.merge(#"{"status":{"dockerImageRepository":"r"}}"#, as: "two", fields: fields)
        #expect(stream.managers.map(\.manager) == ["one"])
    }

    @Test("kubectl takes over what its own annotation says, and renews it")
    func lastApplied() throws {
        let last = #"{\"apiVersion\":\"image.openshift.io/v1\",\"kind\":\"ImageStream\",\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"1\",\"y\":\"0\"}}}"#
        let created =
            #"{"metadata":{"name":"a","labels":{"x":"1","y":"1"},"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"\#(last)"}}}"#
        var stream = TrackedStream()
        try stream.create(created, as: "kubectl-client-side-apply")
        // y is not what the annotation says: somebody else changed it.
        #expect(throws: ApplyFailure.conflicts([
            FieldConflict(
                manager: #""kubectl-client-side-apply" using image.openshift.io/v1"#,
                path: FieldPath("metadata", "labels", "y"))
        ])) {
            try stream.apply(#"{"metadata":{"name":"a","labels":{"x":"2","y":"2"}}}"#, as: "kubectl")
        }
        try stream.apply(#"{"metadata":{"name":"a","labels":{"x":"2"}}}"#, as: "kubectl")
        #expect(stream.stream?.metadata.labels == ["x": "2", "y": "1"])
        #expect(
            stream.stream?.metadata.annotations[LastApplied.annotation]
                == #"{"metadata":{"name":"a","labels":{"x":"2"}},"kind":"ImageStream","apiVersion":"image.openshift.io/v1"}"#
                + "\n")
        #expect(throws: ApplyFailure.self) {
            try stream.apply(#"{"metadata":{"name":"a","labels":{"x":"3"}}}"#, as: "ci")
        }
    }

    @Test("Elements keep their places, common ones follow the configuration", arguments: [
        ("abc", "ca", "bca"), ("ab", "xba", "xba"), ("ab", "ax", "abx"), ("b", "x", "bx"), ("", "ab", "ab"),
        ("abc", "", "abc"), ("abcd", "xb", "axbcd"), ("abc", "abc", "abc"), ("abc", "cba", "cba"),
    ])
    func order(_ live: String, _ applied: String, _ merged: String) {
        let type = ApplyType(ImageStreamSpec.schema)
        func document(_ names: String) -> JSONValue {
            ["tags": .array(names.map { ["name": .string(String($0))] })]
        }
        #expect(type.merge(document(live), document(applied)) == document(merged))
    }
}
