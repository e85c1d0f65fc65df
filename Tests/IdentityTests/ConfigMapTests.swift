import APIMachinery
import Testing

@testable import Identity

@Suite("ConfigMaps")
struct ConfigMapTests {
    private static func map(_ data: [String: String] = [:], _ binaryData: [String: [UInt8]] = [:]) -> ConfigMap {
        ConfigMap(metadata: ObjectMeta(name: "m", namespace: "demo"), data: data, binaryData: binaryData)
    }

    @Test("have keys that can be names of files, each once")
    func keys() {
        #expect(ConfigMapValidation.validate(Self.map(["a.b": "x"], ["c": [0]])).isEmpty)
        let errors = ConfigMapValidation.validate(Self.map(["a": "", "x y": ""], ["a": [], "/": []])).map(\.text)
        #expect(
            errors == [
                #"data[a]: Invalid value: "a": duplicate of key present in binaryData"#,
                #"data[x y]: Invalid value: "x y": \#(SecretTests.keyText)"#,
                #"binaryData[/]: Invalid value: "/": \#(SecretTests.keyText)"#,
            ])
    }

    @Test("hold a mebibyte in all, texts and bytes together")
    func size() {
        let half = 1 << 19
        let text = String(repeating: "x", count: half)
        let bytes = [UInt8](repeating: 0, count: half)
        #expect(ConfigMapValidation.validate(Self.map(["a": text], ["b": bytes])).isEmpty)
        #expect(
            ConfigMapValidation.validate(Self.map(["a": text, "c": "x"], ["b": bytes])).map(\.text)
                == ["[]: Too long: may not be more than 1048576 bytes"])
    }

    @Test("stay as they are once immutable")
    func immutable() {
        var old = Self.map(["a": "1"], ["b": [1]])
        old.immutable = true
        var new = Self.map(["a": "2"], ["b": [2]])
        new.immutable = nil
        #expect(
            ConfigMapValidation.validateUpdate(new, old: old).map(\.text) == [
                "immutable: Forbidden: field is immutable when `immutable` is set",
                "data: Forbidden: field is immutable when `immutable` is set",
                "binaryData: Forbidden: field is immutable when `immutable` is set",
            ])
        #expect(ConfigMapValidation.validateUpdate(old, old: new).isEmpty)
    }
}
