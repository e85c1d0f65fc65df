import ImageAPI
import JSON
import Testing

@testable import APIMachinery

@Suite("Strategic merge patch")
struct StrategicMergePatchTests {
    private func apply(_ patch: String, to document: String) throws -> JSONValue {
        try StrategicMergePatch.apply(
            try JSONValue.parse(patch), to: try JSONValue.parse(document), schema: ImageStream.schema)
    }

    @Test(
        "Objects merge, lists merge by key, directives are followed",
        arguments: [
            (#"{}"#, #"{"spec":{"tags":[{"name":"a"}]}}"#, #"{"spec":{"tags":[{"name":"a"}]}}"#),
            (#"null"#, #"{"kind":"x"}"#, #"{"kind":"x"}"#),
            (#"{"metadata":{"labels":{"a":null,"b":"1"}}}"#, #"{"metadata":{"labels":{"a":"1"}}}"#, #"{"metadata":{"labels":{"b":"1"}}}"#),
            (#"{"spec":{"tags":[{"name":"a","annotations":{"k":null,"l":"w"}}]}}"#, #"{"spec":{"tags":[{"name":"a","reference":true,"annotations":{"k":"v"}}]}}"#, #"{"spec":{"tags":[{"name":"a","reference":true,"annotations":{"l":"w"}}]}}"#),
            (#"{"spec":{"tags":[{"name":"a","$patch":"delete"}]}}"#, #"{"spec":{"tags":[{"name":"a"},{"name":"b"},{"name":"a"}]}}"#, #"{"spec":{"tags":[{"name":"b"}]}}"#),
            (#"{"spec":{"tags":[{"name":"none","$patch":"delete"}]}}"#, #"{"spec":{"tags":[{"name":"b"}]}}"#, #"{"spec":{"tags":[{"name":"b"}]}}"#),
            (#"{"spec":{"tags":[{"$patch":"replace"},{"name":"r"}]}}"#, #"{"spec":{"tags":[{"name":"b"}]}}"#, #"{"spec":{"tags":[{"name":"r"}]}}"#),
            (#"{"spec":{"tags":null}}"#, #"{"spec":{"tags":[{"name":"b"}]}}"#, #"{"spec":{}}"#),
            (#"{"metadata":{"labels":{"$patch":"replace","only":"1"}}}"#, #"{"metadata":{"labels":{"a":"1"}}}"#, #"{"metadata":{"labels":{"only":"1"}}}"#),
            (#"{"spec":{"$patch":"delete"}}"#, #"{"spec":{"tags":[]}}"#, #"{"spec":{}}"#),
            (#"{"metadata":{"labels":{"$patch":"explode"}}}"#, #"{"metadata":{"name":"a"}}"#, #"{"metadata":{"name":"a"}}"#),
            (#"{"metadata":{"labels":{"a":null,"b":"1"}}}"#, #"{"metadata":{}}"#, #"{"metadata":{"labels":{"b":"1"}}}"#),
            (#"{"spec":{"tags":[{"name":"a","from":{"$retainKeys":["kind","name"],"kind":"DockerImage","name":"x"}}]}}"#, #"{"spec":{"tags":[{"name":"a","from":{"kind":"ImageStreamTag","name":"y","namespace":"n"}}]}}"#, #"{"spec":{"tags":[{"name":"a","from":{"kind":"DockerImage","name":"x"}}]}}"#),
            (#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["a","c"]}}"#, #"{"metadata":{"finalizers":["a","b","c"]}}"#, #"{"metadata":{"finalizers":["b"]}}"#),
            (#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}}"#, #"{"metadata":{}}"#, #"{"metadata":{}}"#),
            (#"{"status":{"tags":[{"tag":"t","items":[{"image":"n"}]}]}}"#, #"{"status":{"tags":[{"tag":"t","items":[{"image":"o"},{"image":"p"}]}]}}"#, #"{"status":{"tags":[{"tag":"t","items":[{"image":"n"}]}]}}"#),
            (#"{"spec":{"tags":{"name":"a"}}}"#, #"{"spec":{"tags":[]}}"#, #"{"spec":{"tags":{"name":"a"}}}"#),
            (#"{"metadata":{"ownerReferences":[{"uid":"1","name":"n"}]}}"#, #"{"metadata":{"ownerReferences":[{"uid":"1","kind":"k"}]}}"#, #"{"metadata":{"ownerReferences":[{"uid":"1","kind":"k","name":"n"}]}}"#),
        ])
    func merging(_ patch: String, _ document: String, _ result: String) throws {
        #expect(try apply(patch, to: document) == JSONValue.parse(result))
    }

    @Test(
        "Merged lists come in the documented order",
        arguments: [
            ("abc", "d", nil, "dabc"), ("abc", "bd", nil, "abdc"), ("abs", "c", "cba", "cbas"),
            ("asb", nil, "ab", "asb"), ("ab", nil, "ba", "ba"), ("", "ba", nil, "ba"), (nil, "ab", "ab", "ab"),
        ] as [(String?, String?, String?, String)])
    func order(_ original: String?, _ patch: String?, _ order: String?, _ result: String) throws {
        func list(_ names: String) -> JSONValue { .array(names.map { ["name": .string(String($0))] }) }
        var spec = JSONObject()
        if let patch { spec["tags"] = list(patch) }
        if let order { spec["$setElementOrder/tags"] = list(order) }
        var document = JSONObject()
        if let original { document["tags"] = list(original) }
        let merged = try StrategicMergePatch.apply(
            ["spec": .object(spec)], to: ["spec": .object(document)], schema: ImageStream.schema)
        #expect(merged == ["spec": ["tags": list(result)]])
    }

    @Test("Finalizers are united, new ones first")
    func primitives() throws {
        let merged = try apply(
            #"{"metadata":{"finalizers":["x","x"]}}"#, to: #"{"metadata":{"finalizers":["p","q"]}}"#)
        #expect(merged == ["metadata": ["finalizers": ["x", "p", "q"]]])
        let ordered = try apply(
            #"{"metadata":{"$setElementOrder/finalizers":["q","x","p"],"finalizers":["x"]}}"#,
            to: #"{"metadata":{"finalizers":["p","q"]}}"#)
        #expect(ordered == ["metadata": ["finalizers": ["q", "x", "p"]]])
    }

    @Test(
        "Patches that fail say why",
        arguments: [
            (
                #"{"spec":{"tags":[{"reference":true}]}}"#,
                .failed("map: map[reference:true] does not contain declared merge key: name")
            ),
            (
                #"{"spec":{"tags":[{"$patch":"delete"}]}}"#,
                .failed("map: map[$patch:delete] does not contain declared merge key: name")
            ),
            (
                #"{"spec":{"tags":[{"name":"v1","$patch":"explode"}]}}"#,
                .failed("unknown patch type: explode in map: map[$patch:explode name:v1]")
            ),
            (
                #"{"spec":{"$patch":"merge"}}"#, .failed("unknown patch type: merge in map: map[$patch:merge]")
            ),
            (
                #"{"spec":{"tags":[{"name":"v1","$patch":"merge"}]}}"#,
                .failed("merging lists cannot yet be specified in the patch")
            ),
            (
                #"{"spec":{"$setElementOrder/tags":[{"name":"v1"}],"tags":[{"name":"v9","reference":true}]}}"#,
                .failed(
                    "The order in patch list:\n[map[name:v9 reference:true]]\n doesn't match $setElementOrder list:\n[map[name:v1]]\n"
                )
            ),
            (#"{"spec":{"tags":[[]]}}"#, .notApplicable("lists of lists are not supported")),
            (#"{"spec":{"$retainKeys":1}}"#, .malformed("invalid patch format of retainKeys")),
            (#"{"spec":{"$retainKeys":["a"],"tags":[]}}"#, .malformed("invalid patch format of retainKeys")),
            (
                #"{"metadata":{"$deleteFromPrimitiveList/finalizers":1}}"#,
                .malformed("invalid patch format of primitive list")
            ),
            (
                #"{"spec":{"$setElementOrder/tags":1}}"#,
                .malformed("invalid patch format of setElementOrder list")
            ),
            (#"[]"#, .malformed("json: cannot unmarshal array into Go value of type map[string]interface {}")),
        ] as [(String, StrategicMergePatch.Failure)])
    func failures(_ patch: String, _ failure: StrategicMergePatch.Failure) throws {
        #expect(throws: failure) {
            try apply(patch, to: #"{"metadata":{},"spec":{"tags":[{"name":"v1"}]}}"#)
        }
    }

    @Test("The list whose merge key its elements lack cannot be merged")
    func signatures() throws {
        #expect(
            throws: StrategicMergePatch.Failure.failed(
                "map: map[metadata:map[name:a@s] type:t] does not contain declared merge key: name")
        ) {
            try StrategicMergePatch.apply(
                ["signatures": [["metadata": ["name": "a@s"], "type": "t"]]], to: ["signatures": [["type": "u"]]],
                schema: Image.schema)
        }
    }

    @Test("A patch of thousands of levels is refused, not walked")
    func deep() throws {
        let depth = 4_000
        let text = String(repeating: #"{"metadata":"#, count: depth) + "{}" + String(repeating: "}", count: depth)
        let document = try JSONValue.parse(text)
        #expect(throws: StrategicMergePatch.Failure.self) {
            try StrategicMergePatch.apply(document, to: document, schema: ImageStream.schema)
        }
    }

    @Test(
        "Go prints documents like that",
        arguments: [
            (#"{"b":[1,"x",null,true],"a":{"c":1.5}}"#, "map[a:map[c:1.5] b:[1 x <nil> true]]"), (#"{}"#, "map[]"),
            (#"[]"#, "[]"), (#"1e-7"#, "1e-07"),
        ])
    func goTexts(_ document: String, _ text: String) throws {
        #expect(GoValueText.plain(try JSONValue.parse(document)) == text)
    }
}
