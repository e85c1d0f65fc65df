import Testing

@testable import APIMachinery

@Suite("Label selectors")
struct LabelSelectorTests {
    /// The streams of the recording machinery-list.yaml.
    private static let objects: [(name: String, labels: [String: String])] = [
        ("alpha", ["app": "web", "tier": "1"]), ("beta", ["app": "web", "tier": "2"]), ("gamma", ["app": "db"]),
        ("delta", [:]),
    ]

    @Test(
        "select what they say",
        arguments: [
            ("", ["alpha", "beta", "gamma", "delta"]),
            ("app=web", ["alpha", "beta"]),
            ("app==web", ["alpha", "beta"]),
            ("  app = web ", ["alpha", "beta"]),
            ("app!=web", ["gamma", "delta"]),
            ("app in (web,db)", ["alpha", "beta", "gamma"]),
            ("app in ( web , db )", ["alpha", "beta", "gamma"]),
            ("app notin (web)", ["gamma", "delta"]),
            ("app", ["alpha", "beta", "gamma"]),
            ("!app", ["delta"]),
            ("! app", ["delta"]),
            ("app=web,tier=2", ["beta"]),
            ("app in (web),!tier", []),
            ("tier>1", ["beta"]),
            ("tier<2", ["alpha"]),
            ("tier>0", ["alpha", "beta"]),
            ("app=", []),
            ("app in ()", []),
            ("app in (,web)", ["alpha", "beta"]),
            ("app notin ()", ["alpha", "beta", "gamma", "delta"]),
            ("in", []),
            ("notin in (a)", []),
        ] as [(String, [String])])
    func selection(_ text: String, _ expected: [String]) throws {
        let selector = try LabelSelector(parsing: text)
        #expect(Self.objects.filter { selector.matches($0.labels) }.map(\.name) == expected)
    }

    private static let nameText =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

    @Test(
        "that cannot be read are refused with the parser's words",
        arguments: [
            ("=a", "found '=', expected: !, identifier, or 'end of string'"),
            (",", "found ',', expected: !, identifier, or 'end of string'"),
            ("a=b,", "found '', expected: identifier after ','"),
            ("a=b,,c", "found ',', expected: identifier after ','"),
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a b=c", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a in b", "unable to parse requirement: found 'b' expected: '('"),
            ("a in", "unable to parse requirement: found '' expected: '('"),
            ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("a in (b=c)", "unable to parse requirement: found '=', expected: ',' or ')'"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            ("app=not!", "found '!', expected: ',' or 'end of string'"),
            ("app=web=db", "found '=', expected: ',' or 'end of string'"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
            ("!(a)", "unable to parse requirement: found '(', expected: identifier"),
            (
                "tier>x",
                "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"
            ),
            (
                "tier>99999999999999999999",
                "unable to parse requirement: values[0]: Invalid value: \"99999999999999999999\": for 'Gt', 'Lt' operators, the value must be an integer"
            ),
            ("app~web", "unable to parse requirement: <nil>: Invalid value: \"app~web\": name part \(nameText)"),
            (
                "a/b/c=d",
                "unable to parse requirement: <nil>: Invalid value: \"a/b/c\": a qualified name \(nameText) with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ),
            (
                "app=\(String(repeating: "v", count: 64))",
                "unable to parse requirement: values[0][app]: Invalid value: \"\(String(repeating: "v", count: 64))\": must be no more than 63 characters"
            ),
        ])
    func refusal(_ text: String, _ message: String) {
        let error = #expect(throws: SelectorError.self) { try LabelSelector(parsing: text) }
        #expect(error?.text == message)
    }

    @Test("compare numbers only where the label is one")
    func numbers() throws {
        let selector = try LabelSelector(parsing: "n>5")
        #expect(selector.matches(["n": "6"]))
        for other in ["5", "six", "", "6.5", "99999999999999999999"] { #expect(!selector.matches(["n": other])) }
    }

    @Test("of any bytes are read or refused, never trapped on")
    func anything() {
        let pieces = ["a", "!", "=", "==", "!=", "in", "notin", "(", ")", ",", ">", "<", " ", "é", "\u{0}", "9"]
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<5_000 {
            let text = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
            if let selector = try? LabelSelector(parsing: text) {
                // What is read selects the same, written another way.
                #expect(selector.matches(["a": "9"]) == selector.requirements.allSatisfy { $0.matches(["a": "9"]) })
            }
        }
    }

    @Test("of a megabyte are read in one pass")
    func long() throws {
        let text = "a in (" + (0..<200_000).map { "v\($0)" }.joined(separator: ",") + ")"
        let selector = try LabelSelector(parsing: text)
        #expect(selector.matches(["a": "v199999"]))
        #expect(!selector.matches(["a": "w"]))
    }
}
