import APIMachinery
import ImageAPI
import JSON
import Testing

@Suite("Decoding image types")
struct DecodingTests {
    static let typeErrors: [(String, String)] = [
        (
            #"{"spec":{"lookupPolicy":{"local":"x"}}}"#,
            "string into Go struct field ImageLookupPolicy.spec.lookupPolicy.local of type bool"
        ),
        (#"{"spec":[]}"#, "array into Go struct field ImageStream.spec of type v1.ImageStreamSpec"),
        (#"{"spec":{"tags":{}}}"#, "object into Go struct field ImageStreamSpec.spec.tags of type []v1.TagReference"),
        (#"{"metadata":{"labels":{"a":1}}}"#, "number into Go struct field ObjectMeta.metadata.labels of type string"),
        (
            #"{"metadata":{"labels":[]}}"#,
            "array into Go struct field ObjectMeta.metadata.labels of type map[string]string"
        ),
        (
            #"{"spec":{"tags":[{},{"from":true}]}}"#,
            "bool into Go struct field TagReference.spec.tags.from of type v1.ObjectReference"
        ),
        (
            #"{"spec":{"tags":[{"generation":1.5}]}}"#,
            "number 1.5 into Go struct field TagReference.spec.tags.generation of type int64"
        ),
        (
            #"{"spec":{"tags":[{"generation":99999999999999999999}]}}"#,
            "number 99999999999999999999 into Go struct field TagReference.spec.tags.generation of type int64"
        ),
        (
            #"{"spec":{"tags":[{"generation":"1"}]}}"#,
            "string into Go struct field TagReference.spec.tags.generation of type int64"
        ),
        (#"{"spec":{"tags":["x"]}}"#, "string into Go struct field ImageStreamSpec.spec.tags of type v1.TagReference"),
        (#"{"status":{"tags":[{"items":[{"created":5}]}]}}"#, "number into Go value of type string"),
        (#"{"metadata":{"uid":7}}"#, "number into Go struct field ObjectMeta.metadata.uid of type types.UID"),
        (#"{"kind":7}"#, "number into Go struct field ImageStream.kind of type string"),
        ("[]", "array into Go value of type v1.ImageStream"),
        (#""x""#, "string into Go value of type v1.ImageStream"),
    ]

    @Test("A value of the wrong type is refused in Go's words", arguments: typeErrors)
    func types(_ text: String, _ message: String) {
        let error = #expect(throws: JSONError.self) { try ImageStream.decode(Array(text.utf8)) }
        #expect(error?.message == "json: cannot unmarshal " + message)
        #expect(error?.kind == .type)
    }

    @Test("A syntax error anywhere wins over a type error before it")
    func syntaxFirst() {
        let error = #expect(throws: JSONError.self) { try ImageStream.decode(Array(#"{"spec":[],"x":}"#.utf8)) }
        #expect(error?.message == "invalid character '}' looking for beginning of value")
    }

    @Test(
        "Whole numbers may be written with a point or an exponent",
        arguments: [("7.0", 7), ("1e2", 100), ("1.50e1", 15), ("-0.0", 0)] as [(String, Int64)])
    func wholeNumbers(_ text: String, _ value: Int64) throws {
        let stream = try ImageStream.decode(Array(#"{"metadata":{"generation":\#(text)}}"#.utf8))
        #expect(stream.metadata.generation == value)
    }

    @Test("Unknown and duplicate fields are reported with their paths, in order; the last duplicate wins")
    func issues() throws {
        let text = #"""
            {"kind":"ImageStream","kind":"X","metadata":{"name":"a","foo":1,"name":"b","labels":{"k":"1","k":"2"}},
             "spec":{"tags":[{"from":{"odd":[{"x":1,"x":2}]}},{"Name":"t"}],"bar":null},"n\u0061me":0}
            """#
        var issues: [JSONIssue] = []
        let stream = try ImageStream.decode(Array(text.utf8), issues: &issues)
        #expect(stream.metadata.name == "b")
        #expect(stream.metadata.labels == ["k": "2"])
        #expect(
            issues.map(\.description) == [
                #"duplicate field "kind""#, #"unknown field "metadata.foo""#, #"duplicate field "metadata.name""#,
                #"duplicate field "metadata.labels.k""#, #"unknown field "spec.tags[0].from.odd""#,
                #"unknown field "spec.tags[1].Name""#, #"unknown field "spec.bar""#, #"unknown field "name""#,
            ])
    }

    @Test("Escaped keys are the keys they spell")
    func escapedKeys() throws {
        let stream = try ImageStream.decode(Array(#"{"met\u0061data":{"n\u0061me":"a"}}"#.utf8))
        #expect(stream.metadata.name == "a")
    }

    @Test("Members of map values are named by their key")
    func mapPaths() throws {
        var issues: [JSONIssue] = []
        _ = try ImageStreamLayers.decode(Array(#"{"blobs":{"sha256:a":{"size":1,"odd":2}}}"#.utf8), issues: &issues)
        #expect(issues.map(\.path) == ["blobs.sha256:a.odd"])
    }

    @Test("A stream cut at any byte is an error")
    func truncation() throws {
        let text = #"{"metadata":{"labels":{"a":"b"}},"spec":{"tags":[{"name":"1","from":{"name":"x"}}]}}"#
        let bytes = Array(text.utf8)
        for length in 0..<bytes.count {
            #expect(throws: JSONError.self) { try ImageStream.decode(Array(bytes[..<length])) }
        }
    }

    @Test("Unknown members as deep as the limit cost no stack")
    func deepUnknown() throws {
        let deep = String(repeating: "[", count: 9_999) + String(repeating: "]", count: 9_999)
        var issues: [JSONIssue] = []
        _ = try ImageStream.decode(Array(#"{"x":\#(deep)}"#.utf8), issues: &issues)
        #expect(issues.count == 1)
        #expect(throws: JSONError.self) { try ImageStream.decode(Array(#"{"x":[\#(deep)]}"#.utf8)) }
    }

    @Test("Damaged streams never trap", arguments: 0..<8)
    func fuzz(seed: UInt64) {
        let text = Array(
            #"{"metadata":{"labels":{"a":"b"},"creationTimestamp":"2026-01-02T03:04:05Z"},"spec":{"tags":[{"name":"1","generation":7,"from":{"name":"x"}}]},"status":{"tags":[{"tag":"1","items":[{"created":"2026-01-02T03:04:05+01:00"}]}]}}"#
                .utf8)
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<400 {
            var damaged = text
            for _ in 0...random(3) { damaged[random(damaged.count)] = UInt8(random(256)) }
            if let stream = try? ImageStream.decode(damaged) {
                if (try? ImageStream.decode(stream.jsonBytes())) != stream { Issue.record("unstable: \(damaged)") }
            }
        }
    }
}
