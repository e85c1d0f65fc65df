import Testing

@testable import APIMachinery

@Suite("Continue tokens")
struct ContinueTokenTests {
    @Test(
        "are those of the reference",
        arguments: [
            (
                ContinueToken(revision: 2077, start: "p/web\0"),
                "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjA3Nywic3RhcnQiOiJwL3dlYlx1MDAwMCJ9"
            ),
            (
                ContinueToken(revision: 2077, start: "web\0"),
                "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjA3Nywic3RhcnQiOiJ3ZWJcdTAwMDAifQ"
            ),
            (
                ContinueToken(revision: -1, start: "p/web\0"),
                "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoicC93ZWJcdTAwMDAifQ"
            ),
        ])
    func vectors(_ token: ContinueToken, _ text: String) throws {
        #expect(token.encoded == text)
        #expect(try ContinueToken(decoding: text) == token)
    }

    private static func encoded(_ json: String) -> String { Base64URL.encode(Array(json.utf8)) }

    @Test(
        "that are no tokens are refused with the reason",
        arguments: [
            ("garbage", "invalid character '\\u0081' looking for beginning of value"),
            ("YWJj", "invalid character 'a' looking for beginning of value"),
            ("", "unexpected end of JSON input"),
            ("!", "illegal base64 data at input byte 0"),
            ("YW=j", "illegal base64 data at input byte 2"),
            ("YWJjZ", "illegal base64 data at input byte 4"),
            ("YW Jj", "illegal base64 data at input byte 2"),
            (encoded("[]"), "json: cannot unmarshal array into Go value of type storage.continueToken"),
            (encoded(#"{"v":"v9","rv":1,"start":"a"}"#), "server does not recognize this encoded version v9"),
            (encoded("{}"), "server does not recognize this encoded version "),
            (
                encoded(#"{"v":"meta.k8s.io/v1","rv":0,"start":"a"}"#),
                "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"
            ),
            (
                encoded(#"{"v":"meta.k8s.io/v1","rv":"1","start":"a"}"#),
                "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"
            ),
            (encoded(#"{"v":"meta.k8s.io/v1","rv":1}"#), "encoded start key empty (version meta.k8s.io/v1)"),
            (encoded(#"{"v":"meta.k8s.io/v1","rv":1,"start":"../x"}"#), "../x"),
            (encoded(#"{"v":"meta.k8s.io/v1","rv":1,"start":"a/../b"}"#), "a/../b"),
            (encoded(#"{"v":"meta.k8s.io/v1","rv":1,"start":"/etc"}"#), "/etc"),
        ])
    func refusal(_ text: String, _ detail: String) {
        let error = #expect(throws: SelectorError.self) { try ContinueToken(decoding: text) }
        #expect(error?.text == "invalid continue token: continue key is not valid: \(detail)")
    }

    @Test("survive being tampered with: read or refused, never trapped on")
    func tampered() throws {
        var generator = SeededGenerator(seed: 3)
        let token = ContinueToken(revision: .max, start: "namespace/name\0").encoded
        for _ in 0..<20_000 {
            var bytes = Array(token.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8.random(in: 33...126, using: &generator), at: index)
                }
                if bytes.isEmpty { break }
            }
            guard let read = try? ContinueToken(decoding: String(decoding: bytes, as: UTF8.self)) else { continue }
            #expect(read.revision != 0 && !read.start.isEmpty && !read.start.hasPrefix("/"))
            #expect(!read.start.split(separator: "/").contains(".."))
        }
    }

    @Test("use base64 with the URL alphabet and no padding")
    func base64() {
        for count in 0...64 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 250) }
            let text = Base64URL.encode(bytes)
            #expect(Base64URL.decode(text) == bytes)
            #expect(!text.contains("=") && !text.contains("+") && !text.contains("/"))
        }
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
        #expect(Base64URL.decode("AAAAA") == nil)
    }
}
