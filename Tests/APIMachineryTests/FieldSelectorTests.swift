import Testing

@testable import APIMachinery

@Suite("Field selectors")
struct FieldSelectorTests {
    private static let names = ["alpha", "beta", "gamma"]

    @Test(
        "select what they say",
        arguments: [
            ("", ["alpha", "beta", "gamma"]),
            (",,", ["alpha", "beta", "gamma"]),
            ("metadata.name=beta", ["beta"]),
            ("metadata.name==gamma", ["gamma"]),
            ("metadata.name!=beta", ["alpha", "gamma"]),
            ("metadata.name!=beta,metadata.name!=alpha", ["gamma"]),
            ("metadata.name=beta,metadata.name=alpha", []),
            ("metadata.name=a/b", []),
            ("metadata.name=", []),
            ("metadata.namespace=", ["alpha", "beta", "gamma"]),
        ] as [(String, [String])])
    func selection(_ text: String, _ expected: [String]) throws {
        let selector = try FieldSelector(parsing: text)
        #expect(
            Self.names.filter { name in selector.matches { $0 == "metadata.name" ? name : "" } } == expected)
    }

    @Test("take escapes in values")
    func escapes() throws {
        let selector = try FieldSelector(parsing: #"a=x\,y\=z\\,b!=\="#)
        #expect(
            selector.requirements == [
                .init(field: "a", value: #"x,y=z\"#), .init(field: "b", value: "=", isNegated: true),
            ])
        #expect(try FieldSelector(parsing: "a=b").required("a") == "b")
        #expect(try FieldSelector(parsing: "a!=b").required("a") == nil)
    }

    @Test(
        "that cannot be read are refused with the parser's words",
        arguments: [
            ("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
            (
                "metadata.name in (a)",
                "invalid selector: 'metadata.name in (a)'; can't understand 'metadata.name in (a)'"
            ),
            ("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"),
            ("a!b", "invalid selector: 'a!b'; can't understand 'a!b'"),
            ("a!", "invalid selector: 'a!'; can't understand 'a!'"),
            (#"a=\z"#, #"invalid field selector: invalid escape sequence: \z"#),
            (#"a=b\"#, #"invalid field selector: invalid escape sequence: \"#),
            ("a=b=c", "invalid field selector: unescaped character in value: ="),
        ])
    func refusal(_ text: String, _ message: String) {
        let error = #expect(throws: SelectorError.self) { try FieldSelector(parsing: text) }
        #expect(error?.text == message)
    }

    @Test("name known fields only")
    func knownFields() throws {
        let selector = try FieldSelector(parsing: "spec.nonsense=x")
        let error = #expect(throws: SelectorError.self) { try selector.validate(known: ["status.phase"]) }
        #expect(
            error?.text
                == #""spec.nonsense" is not a known field selector: only "metadata.name", "metadata.namespace""#)
        try FieldSelector(parsing: "status.phase=Active,metadata.name=a,metadata.namespace!=b")
            .validate(known: ["status.phase"])
    }
}
