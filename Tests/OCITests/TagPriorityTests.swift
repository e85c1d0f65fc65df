import OCI
import Testing

@Suite("Tag priority")
struct TagPriorityTests {
    @Test(
        "Tags are sorted latest, minor, full, other",
        arguments: [
            "latest, 5.6, 5.5, v5.5, v5.3.6-bother, 5.3.6-abba, 5.2.3, other",
            "latest, 1.2-rc1, 1.2-beta4, 1.2-beta1, 1.2-alpha1, 1.1-rc1, 1.1-beta2, 1.1-beta1",
            "7.1, v7.1, 7.1.0", "1.10, 1.9", "2.0, 1.08", "10, 9, v1", "5.1, 5.1-rc.1", "3.1, 3, abc, other, v1, v2",
            "1.0.0, 1.0.0-rc.10, 1.0.0-rc.9, 1.0.0-rc, 1.0.0-10, 1.0.0-9", "1.0-01, vv1.0",
            "1.2.3, 99999999999999999999.0.0", "1.0.0+a, 1.0.0+b, 1.0.0+, a",
        ])
    func sorting(line: String) {
        let sorted = line.split(separator: ", ").map(String.init)
        for _ in 0..<20 { #expect(TagPriority.sorted(sorted.shuffled()) == sorted) }
    }

    @Test(
        "Strict semantic versions",
        arguments: [
            ("1.2.3", true), ("0.0.0", true), ("1.2.3-a.1+b.01", true), ("1.2", false), ("1.2.3.4", false),
            ("01.2.3", false), ("1.2.3-01", false), ("1.2.3-0a", true), ("1.2.3-", false), ("1.2.3+", false),
            ("v1.2.3", false), ("1.2.3-a_b", false), ("", false), ("18446744073709551616.0.0", false), ("1..3", false),
        ])
    func versions(text: String, valid: Bool) {
        #expect((SemanticVersion(text) != nil) == valid)
    }
}
