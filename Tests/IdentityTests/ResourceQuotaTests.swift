import APIMachinery
import APIServer
import JSON
import Testing

@testable import Identity

@Suite("ResourceQuotas")
struct ResourceQuotaTests {
    private static let names = ["count/imagestreams.image.openshift.io", "openshift.io/imagestreams"]
    private static let streams = "openshift.io/imagestreams"

    static func quota(
        hard: [String: Quantity] = [:], used: [String: Quantity] = [:], spec: [String: Quantity] = [:],
        scopes: [String] = []
    ) -> ResourceQuota {
        ResourceQuota(
            metadata: ObjectMeta(name: "q", namespace: "demo"), spec: ResourceQuotaSpec(hard: spec, scopes: scopes),
            status: ResourceQuotaStatus(hard: hard, used: used))
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var quota: ResourceQuota
        var text: String?
        var testDescription: String { text ?? "room: \(quota.status.hard)" }
    }

    static let refusals: [Refusal] = [
        Refusal(quota: quota(hard: [streams: 1], used: [streams: 0])),
        Refusal(quota: quota(hard: ["pods": 0], used: ["pods": 0])),
        Refusal(quota: quota(spec: [streams: 0])),
        Refusal(quota: quota(hard: [streams: 0], used: [streams: 0], scopes: ["BestEffort"])),
        Refusal(
            quota: quota(hard: [streams: 5], used: [streams: 5]),
            text:
                "exceeded quota: q, requested: openshift.io/imagestreams=1, used: openshift.io/imagestreams=5, limited: openshift.io/imagestreams=5"
        ),
        Refusal(
            quota: quota(
                hard: [streams: 1000, names[0]: 2000], used: [streams: 3000, names[0]: 2000]),
            text:
                "exceeded quota: q, requested: count/imagestreams.image.openshift.io=1,openshift.io/imagestreams=1, used: count/imagestreams.image.openshift.io=2k,openshift.io/imagestreams=3k, limited: count/imagestreams.image.openshift.io=2k,openshift.io/imagestreams=1k"
        ),
        Refusal(
            quota: quota(hard: [streams: 9, names[0]: 2], used: [streams: 2, names[0]: 2]),
            text:
                "exceeded quota: q, requested: count/imagestreams.image.openshift.io=1, used: count/imagestreams.image.openshift.io=2, limited: count/imagestreams.image.openshift.io=2"
        ),
        Refusal(
            quota: quota(hard: [streams: 5]),
            text: "status unknown for quota: q, resources: openshift.io/imagestreams"),
    ]

    @Test("refuse one more by what their status says", arguments: refusals)
    func refusal(_ test: Refusal) {
        #expect(QuotaUsage.refusal(of: Self.names, by: test.quota) == test.text)
    }

    @Test("are charged under every name they use")
    func charge() {
        let both = Self.quota(
            hard: [Self.streams: 9, Self.names[0]: 9, "pods": 9], used: [Self.streams: 1, "pods": 4])
        #expect(
            QuotaUsage.charged(Self.names, to: both)?.used == [Self.streams: 2, Self.names[0]: 1, "pods": 4])
        #expect(QuotaUsage.charged(Self.names, to: Self.quota(hard: ["pods": 1])) == nil)
    }

    @Test("have a status that follows the spec and the count, and keeps what others count")
    func status() {
        let old = Self.quota(
            hard: [Self.streams: 1], used: [Self.streams: 7, "pods": 4, "secrets": 1],
            spec: [Self.streams: 3, "pods": 9, "cpu": 1])
        let status = QuotaUsage.status(of: old, counts: [Self.streams: 2, Self.names[0]: 2])
        #expect(status.hard == [Self.streams: 3, "pods": 9, "cpu": 1])
        #expect(status.used == [Self.streams: 2, "pods": 4])
        let scoped = Self.quota(spec: [Self.streams: 3], scopes: ["Terminating"])
        #expect(QuotaUsage.status(of: scoped, counts: [Self.streams: 2]).used == [Self.streams: 0])
    }

    private static let storage = StorageBound.quotaName

    @Test("bound bytes as the spec says, at once, unless they are about something else")
    func bytes() throws {
        let hard = try Quantity(parsing: "1Gi")
        let bound = QuotaUsage.storageBound(of: Self.quota(hard: [Self.storage: 1], spec: [Self.storage: hard]))
        #expect(bound == StorageBound(name: "q", hard: hard))
        #expect(QuotaUsage.storageBound(of: Self.quota(hard: [Self.storage: 1], spec: ["pods": 1])) == nil)
        #expect(QuotaUsage.storageBound(of: Self.quota(spec: [Self.storage: 1], scopes: ["BestEffort"])) == nil)
        let used = Quantity(3 << 20, format: .binarySI)
        let status = QuotaUsage.status(of: Self.quota(spec: [Self.storage: hard]), counts: [Self.storage: used])
        #expect(status.used[Self.storage]?.description == "3Mi")
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var quota: ResourceQuota
        var errors: [String]
        var testDescription: String { errors.first ?? "valid" }
    }

    static let cases: [Case] = [
        Case(
            quota: quota(spec: [
                streams: 1, names[0]: 2, "pods": 3, "requests.cpu": Quantity(5), "a.b/anything": 0,
                "requests.hugepages-2Mi": 1,
            ]), errors: []),
        Case(
            quota: quota(spec: ["imagestreams": 1]),
            errors: [
                #"spec.hard[imagestreams]: Invalid value: "imagestreams": must be a standard resource type or fully qualified"#,
                #"spec.hard[imagestreams]: Invalid value: "imagestreams": must be a standard resource for quota"#,
            ]),
        Case(
            quota: quota(spec: [streams: -1]),
            errors: [
                #"spec.hard[openshift.io/imagestreams]: Invalid value: "-1": must be greater than or equal to 0"#
            ]),
        Case(
            quota: quota(scopes: ["Odd"]), errors: [#"spec.scopes: Invalid value: ["Odd"]: unsupported scope"#]),
        Case(
            quota: quota(scopes: ["BestEffort", "NotBestEffort"]),
            errors: [#"spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes"#]),
    ]

    @Test("are valid as in Kubernetes", arguments: cases)
    func validation(_ test: Case) {
        #expect(ResourceQuotaValidation.validate(test.quota).map(\.text) == test.errors)
    }

    @Test("count whole things only")
    func halves() throws {
        let half = try Quantity(parsing: "1500m")
        #expect(
            ResourceQuotaValidation.validate(Self.quota(spec: [Self.streams: half, "cpu": half])).map(\.text) == [
                #"spec.hard[openshift.io/imagestreams]: Invalid value: "1500m": must be an integer"#
            ])
    }

    @Test("keep their scopes")
    func scopes() {
        let old = Self.quota(scopes: ["BestEffort"])
        #expect(ResourceQuotaValidation.validateUpdate(old, old: old).isEmpty)
        #expect(
            ResourceQuotaValidation.validateUpdate(Self.quota(), old: old).map(\.text) == [
                "spec.scopes: Invalid value: []: field is immutable"
            ])
    }

    @Test("are shown with what is used of what")
    func table() {
        let now = Timestamp(secondsSince1970: 1_738_324_800)
        var quota = Self.quota(
            hard: [Self.streams: 5, "pods": 2, "limits.cpu": 4], used: [Self.streams: 1, "limits.cpu": 1])
        quota.metadata.creationTimestamp = Timestamp(secondsSince1970: 1_738_324_740)
        #expect(
            ResourceQuotaTable.columns.rows(quota, now) == [
                ["q", "openshift.io/imagestreams: 1/5, pods: 0/2", "limits.cpu: 1/4", "60s"]
            ])
    }
}
