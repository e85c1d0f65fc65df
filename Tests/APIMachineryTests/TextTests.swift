import APIMachinery
import Testing

@Suite("Texts for people")
struct TextTests {
    @Test(
        "Short durations",
        arguments: [
            (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (192, "3m12s"), (599, "9m59s"),
            (600, "10m"), (10_799, "179m"), (10_800, "3h"), (11_100, "3h5m"), (28_799, "7h59m"), (28_800, "8h"),
            (172_799, "47h"), (172_800, "2d"), (176_400, "2d1h"), (691_199, "7d23h"), (691_200, "8d"),
            (63_071_999, "729d"), (63_072_000, "2y"), (63_158_400, "2y1d"), (252_288_000, "8y"),
            (1_000_000_000_000, "31709y"),
        ] as [(Int64, String)])
    func short(_ seconds: Int64, _ text: String) {
        let then = Timestamp(secondsSince1970: 1_700_000_000)
        let now = Timestamp(secondsSince1970: 1_700_000_000 + seconds)
        #expect(HumanDuration.short(since: then, now: now) == text)
    }

    @Test(
        "Long durations, at the edges of the table",
        arguments: [
            (-3, "Less than a second"), (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"),
            (60, "About a minute"), (119, "About a minute"), (120, "2 minutes"), (3_599, "59 minutes"),
            (3_600, "About an hour"), (5_399, "About an hour"), (5_400, "2 hours"), (171_000 - 1, "47 hours"),
            (171_000, "2 days"), (1_207_800 - 1, "13 days"), (1_207_800, "2 weeks"), (5_182_200 - 1, "8 weeks"),
            (5_182_200, "2 months"), (63_070_200 - 1, "24 months"), (63_070_200, "2 years"),
        ] as [(Int64, String)])
    func long(_ seconds: Int64, _ text: String) {
        #expect(HumanDuration.long(seconds: seconds) == text)
    }

    @Test("Zero times")
    func zero() {
        let now = Timestamp(secondsSince1970: 1_700_000_000)
        #expect(HumanDuration.short(since: Timestamp(), now: now) == "<unknown>")
        #expect(HumanDuration.ago(Timestamp(), now: now) == "292 years ago")
        #expect(HumanDuration.ago(now, now: now) == "Less than a second ago")
    }

    @Test(
        "Strings quoted as Go does",
        arguments: [
            ("", #""""#), ("a", #""a""#), ("a\"b\\c", #""a\"b\\c""#),
            ("\u{7}\u{8}\u{c}\n\r\t\u{b}", #""\a\b\f\n\r\t\v""#),
            ("\u{0}\u{1F}\u{7F}", #""\x00\x1f\x7f""#), ("é😀", #""é😀""#),
            ("\u{A0}\u{2028}\u{FEFF}", #""\u00a0\u2028\ufeff""#),
            ("\u{E000}\u{F0000}", #""\ue000\U000f0000""#), ("'<&>", #""'<&>""#),
        ])
    func quoted(_ text: String, _ expected: String) {
        #expect(goQuoted(text) == expected)
    }

    @Test("Failures of fields")
    func fieldErrors() {
        let cases: [(FieldError, String, String)] = [
            (.required("a"), "FieldValueRequired", "a: Required value"),
            (.required("a", "why"), "FieldValueRequired", "a: Required value: why"),
            (.invalid("a.b", "x\"", "why"), "FieldValueInvalid", #"a.b: Invalid value: "x\"": why"#),
            (.invalid("a", .number(-1), ""), "FieldValueInvalid", "a: Invalid value: -1"),
            (.invalid("a", .bool(true), "no"), "FieldValueInvalid", "a: Invalid value: true: no"),
            (.invalid("a", .json(["k": [1]]), "no"), "FieldValueInvalid", #"a: Invalid value: {"k":[1]}: no"#),
            (.invalid("a", .json(.null), "no"), "FieldValueInvalid", "a: Invalid value: null: no"),
            (
                .notSupported("a", "x", supported: ["", "Y"]), "FieldValueNotSupported",
                #"a: Unsupported value: "x": supported values: "", "Y""#
            ),
            (.notFound("a", "x"), "FieldValueNotFound", #"a: Not found: "x""#),
            (.duplicate("a", "x"), "FieldValueDuplicate", #"a: Duplicate value: "x""#),
            (.forbidden("a", "why"), "FieldValueForbidden", "a: Forbidden: why"),
            (.tooLong("a", "why"), "FieldValueTooLong", "a: Too long: why"),
            (.internal("a", "why"), "InternalError", "a: Internal error: why"),
        ]
        for (error, reason, text) in cases {
            #expect(error.text == text)
            #expect(error.cause.reason == reason)
            #expect("\(error.cause.field): \(error.cause.message)" == text)
        }
    }

    @Test("Several failures in one sentence, equal ones once")
    func aggregate() {
        #expect([FieldError.required("a")].aggregateText == "a: Required value")
        #expect([FieldError.required("a"), .required("a")].aggregateText == "a: Required value")
        #expect(
            [FieldError.required("a"), .forbidden("b", "no"), .required("a")].aggregateText
                == "[a: Required value, b: Forbidden: no]")
        #expect(
            APIError.invalid(GroupResource(group: "g", resource: "Kind"), "n", [.required("a")]).message
                == #"Kind.g "n" is invalid: a: Required value"#)
    }
}
