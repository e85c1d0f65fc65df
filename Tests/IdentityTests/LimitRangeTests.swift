import APIMachinery
import Testing

@testable import Identity

@Suite("LimitRanges")
struct LimitRangeTests {
    private static func range(_ limits: LimitRangeItem...) -> LimitRange {
        LimitRange(metadata: ObjectMeta(name: "l", namespace: "demo"), spec: LimitRangeSpec(limits: limits))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var limits: [LimitRangeItem]
        var errors: [String]
        var testDescription: String { errors.first ?? "valid: \(limits.map(\.type))" }
    }

    static let cases: [Case] = [
        Case(
            limits: [
                LimitRangeItem(type: "openshift.io/Image", max: ["storage": 500]),
                LimitRangeItem(
                    type: "openshift.io/ImageStream", max: ["openshift.io/images": 3, "openshift.io/image-tags": 2]),
                LimitRangeItem(type: "Container", max: ["cpu": 2], min: ["cpu": 1]),
            ], errors: []),
        Case(limits: [LimitRangeItem(type: "Pod", max: ["example.com/gpu": 2])], errors: []),
        Case(
            limits: [LimitRangeItem(type: "")],
            errors: [
                #"spec.limits[0].type: Invalid value: "": name part must be non-empty"#,
                #"spec.limits[0].type: Invalid value: "": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"#,
            ]),
        Case(
            limits: [LimitRangeItem(type: "ImageStream")],
            errors: [
                #"spec.limits[0].type: Invalid value: "ImageStream": must be a standard limit type or fully qualified"#
            ]),
        Case(
            limits: [LimitRangeItem(type: "a.b/C"), LimitRangeItem(type: "a.b/C")],
            errors: [#"spec.limits[1].type: Duplicate value: "a.b/C""#]),
        Case(
            limits: [LimitRangeItem(type: "openshift.io/Image", max: ["size": 1])],
            errors: [
                #"spec.limits[0].max[size]: Invalid value: "size": must be a standard resource type or fully qualified"#
            ]),
        Case(
            limits: [LimitRangeItem(type: "Pod", max: ["storage": 1], default: ["cpu": 1])],
            errors: [
                #"spec.limits[0].max[storage]: Invalid value: "storage": must be a standard resource for containers"#,
                "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
            ]),
        Case(
            limits: [LimitRangeItem(type: "Container", max: ["requests.a.b/odd": 1])],
            errors: [
                #"spec.limits[0].max[requests.a.b/odd]: Invalid value: "requests.a.b/odd": doesn't follow extended resource name standard"#
            ]),
        Case(
            limits: [LimitRangeItem(type: "PersistentVolumeClaim")],
            errors: [
                "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided"
            ]),
        Case(
            limits: [LimitRangeItem(type: "openshift.io/Image", max: ["storage": 1], min: ["storage": 1500])],
            errors: [#"spec.limits[0].min[storage]: Invalid value: "1500": min value 1500 is greater than max value 1"#]
        ),
        Case(
            limits: [
                LimitRangeItem(
                    type: "x/Y", max: ["cpu": 4], min: ["cpu": 2], default: ["cpu": 1], defaultRequest: ["cpu": 5],
                    maxLimitRequestRatio: ["cpu": 3])
            ],
            errors: [
                #"spec.limits[0].defaultRequest[cpu]: Invalid value: "5": default request value 5 is greater than max value 4"#,
                #"spec.limits[0].defaultRequest[cpu]: Invalid value: "5": default request value 5 is greater than default limit value 1"#,
                #"spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1"#,
                #"spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000"#,
            ]),
        Case(
            limits: [
                LimitRangeItem(
                    type: "x/Y", max: ["cpu": 1], min: ["cpu": 1], default: ["cpu": 2], defaultRequest: ["cpu": 0],
                    maxLimitRequestRatio: ["cpu": 0])
            ],
            errors: [
                #"spec.limits[0].defaultRequest[cpu]: Invalid value: "0": min value 1 is greater than default request value 0"#,
                #"spec.limits[0].default[cpu]: Invalid value: "1": default value 2 is greater than max value 1"#,
                #"spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "0": ratio 0 is less than 1"#,
            ]),
        Case(
            limits: [LimitRangeItem(type: "x/Y", default: ["a.b/c": 2], defaultRequest: ["a.b/c": 1])],
            errors: [
                #"spec.limits[0].defaultRequest[a.b/c]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in a.b/c"#
            ]),
    ]

    @Test("are valid as in Kubernetes", arguments: cases)
    func validation(_ test: Case) {
        var range = Self.range()
        range.spec.limits = test.limits
        #expect(LimitRangeValidation.validate(range).map(\.text) == test.errors)
    }

    @Test("of containers say what containers get")
    func defaults() {
        var range = Self.range(
            LimitRangeItem(type: "Container", max: ["cpu": 4], min: ["cpu": 1, "memory": 2], default: ["memory": 3]),
            LimitRangeItem(type: "openshift.io/Image", max: ["storage": 1]))
        LimitRangeStrategy().applyDefaults(&range)
        #expect(range.spec.limits[0].default == ["cpu": 4, "memory": 3])
        #expect(range.spec.limits[0].defaultRequest == ["cpu": 4, "memory": 3])
        #expect(range.spec.limits[1].default.isEmpty)
    }

    @Test("give the maxima of a type, of all LimitRanges")
    func maxima() {
        let maxima = LimitRanges.maxima([
            Self.range(LimitRangeItem(type: "A", max: ["x": 3]), LimitRangeItem(type: "B", min: ["x": 1])),
            Self.range(LimitRangeItem(type: "A", max: ["y": 2])),
        ])
        #expect(maxima == ["A": [["x": 3], ["y": 2]]])
    }
}
