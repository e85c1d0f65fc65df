import APIMachinery
import Testing

@Suite("Rules for names")
struct NameRulesTests {
    private static let nameText =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    private static let subdomainText =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    private static let labelText =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    private static let labelValueText =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
    private static func long(_ count: Int) -> String { String(repeating: "a", count: count) }

    @Test(
        "of label keys",
        arguments: [
            ("a", []), ("A.b_c-9", []), ("example.com/MyName", []), (long(63), []), ("x.y/" + long(63), []),
            ("", ["name part must be non-empty", "name part \(nameText)"]),
            ("/a", ["prefix part must be non-empty"]),
            ("x/", ["name part must be non-empty", "name part \(nameText)"]),
            (long(64), ["name part must be no more than 63 characters"]),
            ("-a", ["name part \(nameText)"]), ("a.", ["name part \(nameText)"]), ("ä", ["name part \(nameText)"]),
            ("a b", ["name part \(nameText)"]),
            ("Ex.com/a", ["prefix part \(subdomainText)"]),
            ("a..b/c", ["prefix part \(subdomainText)"]),
            (long(254) + "/a", ["prefix part must be no more than 253 characters"]),
            (
                "a/b/c",
                [
                    "a qualified name \(nameText) with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
                ]
            ),
        ] as [(String, [String])])
    func qualifiedName(_ text: String, _ messages: [String]) {
        #expect(NameRules.qualifiedName(text) == messages)
    }

    @Test(
        "of label values",
        arguments: [
            ("", []), ("a", []), ("My_value.1-2", []), (long(63), []),
            (long(64), ["must be no more than 63 characters"]),
            ("-", [labelValueText]), ("a/b", [labelValueText]), ("a\n", [labelValueText]),
            (long(63) + "-", ["must be no more than 63 characters", labelValueText]),
        ] as [(String, [String])])
    func labelValue(_ text: String, _ messages: [String]) {
        #expect(NameRules.labelValue(text) == messages)
    }

    @Test(
        "of subdomains",
        arguments: [
            ("a", []), ("a.b-c.9", []), (long(253), []),
            ("", [subdomainText]), ("A", [subdomainText]), ("a.", [subdomainText]), (".a", [subdomainText]),
            ("a_b", [subdomainText]), ("-a", [subdomainText]), ("a-.b", [subdomainText]),
            (long(254), ["must be no more than 253 characters"]),
        ] as [(String, [String])])
    func subdomain(_ text: String, _ messages: [String]) {
        #expect(NameRules.subdomain(text) == messages)
    }

    @Test(
        "of namespaces",
        arguments: [
            ("a", []), ("my-name", []), ("0", []), (long(63), []),
            (long(64), ["must be no more than 63 characters"]),
            ("a.b", ["must not contain dots"]), ("A", [labelText]), ("", [labelText]), ("-a", [labelText]),
            ("a\u{0}", [labelText]),
        ] as [(String, [String])])
    func label(_ text: String, _ messages: [String]) {
        #expect(NameRules.label(text) == messages)
    }

    @Test(
        "of segments of a path",
        arguments: [
            ("a", []), ("sha256:abc", []), ("...", []), ("", []),
            (".", ["may not be '.'"]), ("..", ["may not be '..'"]),
            ("a/b", ["may not contain '/'"]), ("a%b", ["may not contain '%'"]),
            ("/%", ["may not contain '/'", "may not contain '%'"]),
        ] as [(String, [String])])
    func pathSegment(_ text: String, _ messages: [String]) {
        #expect(NameRules.pathSegment(text) == messages)
    }
}
