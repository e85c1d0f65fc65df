import Testing

@testable import APIServer

@Suite("The text of metrics")
struct ExpositionTests {
    @Test(
        "Labels and help texts are escaped",
        arguments: [
            ("plain", "plain", "plain"), (#"a\b"#, #"a\\b"#, #"a\\b"#), ("a\nb", #"a\nb"#, #"a\nb"#),
            (#"a"b"#, #"a\"b"#, #"a"b"#), ("é\u{1F600}", "é\u{1F600}", "é\u{1F600}"), ("\\n", #"\\n"#, #"\\n"#),
            ("\r\n", "\r\\n", "\r\\n"), ("", "", ""),
        ])
    func escaping(_ text: String, _ label: String, _ help: String) {
        #expect(Exposition.escaped(text, quotes: true) == label)
        #expect(Exposition.escaped(text, quotes: false) == help)
    }

    @Test(
        "Values",
        arguments: [
            (0, "0"), (1, "1"), (-3, "-3"), (0.005, "0.005"), (1.25, "1.25"), (1e9, "1000000000"), (1e300, "1e+300"),
            (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
        ] as [(Double, String)])
    func values(_ value: Double, _ expected: String) {
        #expect(Exposition.text(of: value) == expected)
    }

    @Test("A family has one head, before its first sample; one without samples has none")
    func families() {
        var text = Exposition()
        text.begin("empty_total", .counter, help: "Nothing.")
        text.begin("a_total", .counter, help: "Some\nthing.")
        text.sample([("x", "1"), ("y", "\"")], 3)
        text.sample([], 0.5)
        #expect(
            text.text == """
                # HELP a_total Some\\nthing.
                # TYPE a_total counter
                a_total{x="1",y="\\""} 3
                a_total 0.5

                """)
    }

    @Test("Buckets of a histogram are cumulative, and a value on a bound is below it")
    func histograms() {
        var values = HistogramValues([1, 2, 5])
        for value in [0.5, 1, 1.5, 2, 5, 5.5, 100] { values.observe(value) }
        var text = Exposition()
        text.begin("h", .histogram, help: "H.")
        text.histogram([("a", "b")], values)
        #expect(
            text.text == """
                # HELP h H.
                # TYPE h histogram
                h_bucket{a="b",le="1"} 2
                h_bucket{a="b",le="2"} 4
                h_bucket{a="b",le="5"} 5
                h_bucket{a="b",le="+Inf"} 7
                h_sum{a="b"} 115.5
                h_count{a="b"} 7

                """)
    }

    @Test("Counters of a family are bounded in number: what comes later is counted together")
    func bounded() {
        let family = CounterFamily("c_total", help: "C.", labels: ["x"], maximum: 2)
        for name in ["a", "b", "c", "d", "a"] { family.counter(name).add() }
        var text = Exposition()
        family.write(to: &text)
        #expect(text.text.hasSuffix("c_total{x=\"a\"} 2\nc_total{x=\"b\"} 1\nc_total{x=\"other\"} 2\n"))
    }
}
