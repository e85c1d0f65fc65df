import APIMachinery
import APIServer
import Testing

@Suite("Query parameters")
struct QueryParametersTests {
    @Test("The first value of a scalar counts; lists take all")
    func values() {
        let query = QueryParameters("a=1&b=x%20y+z&a=2&c&&=n&d=%zz%4&e=%C3%A9&f=%FF")
        #expect(query["a"] == "1")
        #expect(query.all("a") == ["1", "2"])
        #expect(query["b"] == "x y z")
        #expect(query["c"]?.isEmpty == true)
        #expect(query["d"] == "%zz%4")
        #expect(query["e"] == "é")
        #expect(query["f"] == "\u{FFFD}")
        #expect(query["none"] == nil)
        #expect(QueryParameters("")["a"] == nil)
    }

    @Test(
        "Flags are true unless they say otherwise",
        arguments: [
            ("", nil), ("watch", true), ("watch=", true), ("watch=yes", true), ("watch=true", true), ("watch=1", true),
            ("watch=no", true), ("watch=0", false), ("watch=false", false), ("watch=FALSE", false),
            ("watch=false&watch=true", false), ("Watch=true", nil),
        ] as [(String, Bool?)])
    func flags(_ query: String, _ expected: Bool?) {
        #expect(QueryParameters(query).flag("watch") == expected)
    }

    @Test("Integers are decimal")
    func integers() throws {
        #expect(try QueryParameters("n=500").integer("n") == 500)
        #expect(try QueryParameters("n=-1").integer("n") == -1)
        #expect(try QueryParameters("n=").integer("n") == nil)
        for text in ["x", "1.5", "0x1", "1 ", "99999999999999999999", "%2B5", "٣"] {
            let error = #expect(throws: APIError.self) { try QueryParameters("n=\(text)").integer("n") }
            #expect(error?.code == 400)
            #expect(error?.message.hasPrefix("strconv.ParseInt: parsing ") == true)
        }
    }

    @Test("Percent escapes of paths")
    func escapes() {
        #expect(PercentEncoding.decode("/a%2Fb%3ac+d".utf8) == "/a/b:c+d")
        #expect(PercentEncoding.decode("%".utf8) == "%")
        #expect(PercentEncoding.decode("%4".utf8) == "%4")
        #expect(PercentEncoding.decode("%%41".utf8) == "%%41")
        #expect(PercentEncoding.decode("%00".utf8) == "\0")
    }
}
