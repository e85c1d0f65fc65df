import JSON
import Testing

@testable import APIMachinery

@Suite("Fields that are left encoded")
struct OwnedFieldsTests {
    /// Sets of few elements, so that two of them have much in common.
    private struct RandomSets {
        var generator: SeededGenerator

        mutating func set(width: Int) -> FieldSet {
            FieldSet((0..<Int.random(in: 0...width, using: &generator)).map { _ in path() })
        }

        private mutating func path() -> FieldPath {
            FieldPath((0..<Int.random(in: 1...4, using: &generator)).map { _ in element() })
        }

        private mutating func element() -> PathElement {
            switch Int.random(in: 0...9, using: &generator) {
            case 0...5: .field(["a", "b", "\"", "é", "e\u{301}", "<"].randomElement(using: &generator) ?? "")
            case 6...7:
                .key([
                    .init(name: "name", value: .string(["v1", "v\"2", "v>3"].randomElement(using: &generator) ?? ""))
                ])
            case 8: .value(.string(["x", "y\\"].randomElement(using: &generator) ?? ""))
            default: .index(Int64.random(in: 0...2, using: &generator))
            }
        }
    }

    @Test("They change as sets do")
    func equivalence() {
        var sets = RandomSets(generator: SeededGenerator(seed: 11))
        for _ in 0..<3_000 {
            let owned = sets.set(width: 24)
            let other = sets.set(width: sets.set(width: 12).nodes.count + 1)
            let encoded = OwnedFields(encoded: owned.fieldsV1)
            #expect(encoded.isEmpty == owned.isEmpty)
            #expect(encoded.set == owned)
            #expect(encoded.intersection(other) == owned.intersection(other))
            var rest = encoded
            rest.subtract(other)
            #expect(rest.fieldsV1 == owned.subtracting(other).fieldsV1)
            var both = encoded
            both.formUnion(other)
            #expect(both.fieldsV1 == owned.union(other).fieldsV1)
        }
    }

    @Test("Of several entries of one manager the last holds, also among thousands")
    func lastEntry() throws {
        func entry(_ number: Int, _ field: String) -> ManagedFieldsEntry {
            ManagedFieldsEntry(
                manager: "m\(number)", operation: "Apply", apiVersion: "v1", fieldsType: "FieldsV1",
                fieldsV1: FieldSet([FieldPath(field)]).fieldsV1)
        }
        let entries = (0..<20_000).map { entry($0, "a") } + [entry(7, "b")]
        for stored in [entries, []] {
            let records = try ManagerRecords(entries, stored: stored, apiVersion: "v1")
            #expect(records.records.count == 20_000)
            #expect(records.records[7].fields.set == FieldSet([FieldPath("b")]))
        }
    }

    @Test("Fields that cannot be read own nothing", arguments: ["", "{", #"{"x":{}}"#, "[]", #"{"f:a":"#])
    func unreadable(_ text: String) {
        var fields = OwnedFields(encoded: RawJSON(compact: Array(text.utf8)))
        #expect(fields.set.isEmpty)
        #expect(fields.intersection(FieldSet([FieldPath("a")])).isEmpty)
        fields.formUnion(FieldSet([FieldPath("b")]))
        #expect(fields.set == FieldSet([FieldPath("b")]))
    }
}
