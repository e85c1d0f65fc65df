import APIMachinery
import Testing

@testable import Identity

@Suite("Secrets")
struct SecretTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var type = ""
        var data: [String: String] = [:]
        var annotations: [String: String] = [:]
        var errors: [String] = []
        var testDescription: String { "\(type) \(data.keys.sorted()): \(errors.first ?? "valid")" }
    }

    private static func secret(_ item: Case) -> Secret {
        Secret(
            metadata: ObjectMeta(name: "s", namespace: "demo", annotations: item.annotations),
            data: item.data.mapValues { Array($0.utf8) }, type: item.type)
    }

    static let keyText =
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"

    static let cases: [Case] = [
        Case(type: "Opaque", data: ["a": "", "B-_.9": "x"]),
        Case(type: "example.com/any", data: ["x": "y"]),
        Case(type: "Opaque", data: ["a/b": "x"], errors: [#"data[a/b]: Invalid value: "a/b": \#(keyText)"#]),
        Case(type: "Opaque", data: ["": "x"], errors: [#"data[]: Invalid value: "": \#(keyText)"#]),
        Case(type: "Opaque", data: [".": "x"], errors: [#"data[.]: Invalid value: ".": must not be '.'"#]),
        Case(type: "Opaque", data: ["..": "x"], errors: [#"data[..]: Invalid value: "..": must not be '..'"#]),
        Case(
            type: "Opaque", data: ["..x": "x"], errors: [#"data[..x]: Invalid value: "..x": must not start with '..'"#]),
        Case(
            type: "Opaque", data: [String(repeating: "a", count: 254): "x"],
            errors: [
                "data[\(String(repeating: "a", count: 254))]: Invalid value: \"\(String(repeating: "a", count: 254))\": must be no more than 253 characters"
            ]),
        Case(type: "Opaque", data: ["a": String(repeating: "x", count: 1 << 20)]),
        Case(
            type: "Opaque", data: ["a": String(repeating: "x", count: 1 << 20), "b": "x"],
            errors: ["data: Too long: may not be more than 1048576 bytes"]),
        Case(type: "kubernetes.io/dockercfg", data: [".dockercfg": "{}"]),
        Case(type: "kubernetes.io/dockercfg", errors: ["data[.dockercfg]: Required value"]),
        Case(
            type: "kubernetes.io/dockercfg", data: [".dockercfg": "hunter2"],
            errors: [
                #"data[.dockercfg]: Invalid value: "<secret contents redacted>": invalid character 'h' looking for beginning of value"#
            ]),
        Case(type: "kubernetes.io/dockerconfigjson", data: [".dockerconfigjson": #"{"auths":{}}"#]),
        Case(type: "kubernetes.io/dockerconfigjson", errors: ["data[.dockerconfigjson]: Required value"]),
        Case(
            type: "kubernetes.io/dockerconfigjson", data: [".dockerconfigjson": ""],
            errors: [
                #"data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": unexpected end of JSON input"#
            ]),
        Case(
            type: "kubernetes.io/dockerconfigjson", data: [".dockerconfigjson": #"["hunter2"]"#],
            errors: [
                #"data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": json: cannot unmarshal array into Go value of type map[string]interface {}"#
            ]),
        Case(type: "kubernetes.io/basic-auth", data: ["username": ""]),
        Case(type: "kubernetes.io/basic-auth", data: ["password": "x"]),
        Case(
            type: "kubernetes.io/basic-auth", data: ["user": "x"],
            errors: ["data[username]: Required value", "data[password]: Required value"]),
        Case(type: "kubernetes.io/ssh-auth", data: ["ssh-privatekey": "x"]),
        Case(
            type: "kubernetes.io/ssh-auth", data: ["ssh-privatekey": ""],
            errors: ["data[ssh-privatekey]: Required value"]),
        Case(type: "kubernetes.io/tls", data: ["tls.crt": "", "tls.key": ""]),
        Case(
            type: "kubernetes.io/tls", errors: ["data[tls.crt]: Required value", "data[tls.key]: Required value"]),
        Case(
            type: "kubernetes.io/service-account-token",
            annotations: ["kubernetes.io/service-account.name": "builder"]),
        Case(
            type: "kubernetes.io/service-account-token",
            errors: ["metadata.annotations[kubernetes.io/service-account.name]: Required value"]),
    ]

    @Test("are refused in Kubernetes' words, which never quote their values", arguments: cases)
    func validation(_ item: Case) {
        let errors = SecretValidation.validate(Self.secret(item)).map(\.text)
        #expect(errors == item.errors)
        #expect(!errors.contains { $0.contains("hunter2") })
    }

    @Test("fold strings into data and are opaque where nothing is said")
    func defaults() {
        var secret = Secret(
            data: ["a": [1], "b": [2]], stringData: ["b": "é", "c": ""])
        SecretStrategy().applyDefaults(&secret)
        #expect(secret.type == "Opaque")
        #expect(secret.data == ["a": [1], "b": Array("é".utf8), "c": []])
        #expect(secret.stringData.isEmpty)
    }

    @Test("keep their type, and once immutable their data")
    func updates() {
        let old = Secret(
            metadata: ObjectMeta(name: "s", namespace: "demo"), immutable: true, data: ["a": [1]], type: "Opaque")
        func errors(_ change: (inout Secret) -> Void) -> [String] {
            var new = old
            change(&new)
            return SecretValidation.validateUpdate(new, old: old).map(\.text)
        }
        #expect(errors { _ in } == [])
        #expect(errors { $0.metadata.labels = ["x": "y"] } == [])
        #expect(errors { $0.data["b"] = [] } == ["data: Forbidden: field is immutable when `immutable` is set"])
        for value in [nil, false] {
            #expect(
                errors { $0.immutable = value } == ["immutable: Forbidden: field is immutable when `immutable` is set"])
        }
        #expect(errors { $0.type = "x/y" } == [#"type: Invalid value: "x/y": field is immutable"#])
        var free = old
        free.immutable = nil
        var changed = free
        changed.data = [:]
        changed.immutable = true
        #expect(SecretValidation.validateUpdate(changed, old: free).isEmpty)
    }
}
