import ImageAPI
import JSON
import Testing

@testable import APIMachinery

@Suite("Properties of apply")
struct ApplyPropertyTests {
    private let type = ApplyType(ImageStream.schema)
    private let now = Timestamp(secondsSince1970: 1)
    private let later = Timestamp(secondsSince1970: 2)

    /// Empty lists and objects are left out: encoders do not write them, and they leave filled ones as they are.
    private func configuration(_ random: inout SeededRandom) -> JSONValue {
        var document = RandomTree.value(of: .object(ImageStream.schema), &random).withoutEmptyParts ?? [:]
        document["kind"] = "ImageStream"
        document["apiVersion"] = "image.openshift.io/v1"
        return document
    }

    @Test("Applying a second time changes nothing, and takes nothing from others", arguments: 0..<40)
    func idempotent(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        let fields = TrackedStream.fields
        var state: FieldManager.State?
        for round in 0..<12 {
            let patch = configuration(&random)
            let manager = "m\(round % 3)"
            let applied = try fields.apply(old: state, patch: patch, manager: manager, force: true, now: now)
            let first = FieldManager.State(applied.document, managers: applied.managers)
            let again = try fields.apply(old: first, patch: patch, manager: manager, force: false, now: later)
            #expect(!again.isChanged)
            #expect(again.managers == applied.managers)
            #expect(again.document == applied.document)
            state = first
        }
    }

    @Test("What was applied is in the result, and is owned", arguments: 0..<40)
    func applied(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        for _ in 0..<12 {
            let live = configuration(&random)
            let patch = configuration(&random)
            let merged = type.merge(live, patch)
            // What merging once more, or comparing, would find missing.
            #expect(Comparison(old: merged, new: type.merge(merged, patch), type: type).isSame)
            let fields = try TypedDocument(patch, type: type).fields
            #expect(fields.isSubset(of: TypedDocument.fields(of: merged, type: type)))
        }
    }

    @Test("A comparison and its reverse mirror each other", arguments: 0..<40)
    func mirrored(_ seed: UInt64) {
        var random = SeededRandom(seed)
        for _ in 0..<12 {
            let left = configuration(&random)
            let right = configuration(&random)
            let forth = Comparison(old: left, new: right, type: type)
            let back = Comparison(old: right, new: left, type: type)
            #expect(forth.added == back.removed)
            #expect(forth.removed == back.added)
            #expect(forth.modified == back.modified)
            #expect(Comparison(old: left, new: left, type: type).isSame)
        }
    }

    @Test("Comparing encodings finds what comparing documents finds", arguments: 0..<40)
    func encodings(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        for _ in 0..<12 {
            let left = configuration(&random)
            // Mostly the same document, so that there is something to leave out.
            let isOther = Bool.random(using: &random)
            let spec: JSONValue = ["spec": configuration(&random)["spec"] ?? [:]]
            let right = isOther ? configuration(&random) : type.merge(left, spec)
            #expect(
                try Comparison(old: left.jsonBytes(), new: right.jsonBytes(), type: type)
                    == Comparison(old: left, new: right, type: type))
        }
    }

    @Test("Encodings that are damaged are refused or compared, never trapped on", arguments: 0..<40)
    func damagedEncodings(_ seed: UInt64) {
        var random = SeededRandom(seed)
        for _ in 0..<25 {
            let left = configuration(&random).jsonBytes()
            var right = left
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<right.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: right[place] = Array("{}[]\",:\\x".utf8).randomElement(using: &random) ?? 0
                case 1: right.remove(at: place)
                default: right = Array(right[..<place])
                }
                if right.isEmpty { break }
            }
            _ = try? Comparison(old: left, new: right, type: type)
            _ = try? Comparison(old: right, new: left, type: type)
        }
    }

    @Test("Documents of any shape trap nothing", arguments: 0..<60)
    func hostile(_ seed: UInt64) {
        var random = SeededRandom(seed)
        for _ in 0..<25 {
            let left = RandomTree.value(&random)
            let right = RandomTree.value(&random)
            let removed = RandomTree.fieldSet(&random)
            _ = Comparison(old: left, new: right, type: type)
            _ = try? TypedDocument(left, type: type)
            _ = type.removing(removed, from: type.merge(left, right))
            _ = type.addingRecordMembers(to: removed)
            _ = TrackedStream.fields.update(
                old: .init(left, managers: [ManagedFieldsEntry(fieldsV1: RawJSON(right))]), new: right, manager: "m",
                now: now)
            _ = try? StrategicMergePatch.apply(left, to: right, schema: ImageStream.schema)
            _ = try? StrategicMergePatch.apply(right, to: left, schema: Image.schema)
        }
    }

    @Test("Plain writes keep every path with one updater at most", arguments: 0..<20)
    func exclusive(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        var state: FieldManager.State?
        for round in 0..<12 {
            let document = configuration(&random)
            let managers = TrackedStream.fields.update(
                old: state, new: document, manager: "m\(Int.random(in: 0..<4, using: &random))", now: now)
            state = FieldManager.State(document, managers: managers)
            let sets = try managers.map { try FieldSet(fieldsV1: $0.fieldsV1 ?? RawJSON()) }
            for (index, set) in sets.enumerated() {
                for other in sets[(index + 1)...] { #expect(set.intersection(other).isEmpty, "round \(round)") }
            }
        }
    }
}

extension JSONValue {
    fileprivate var withoutEmptyParts: JSONValue? {
        switch self {
        case .array(let elements):
            let rest = elements.compactMap(\.withoutEmptyParts)
            return rest.isEmpty ? nil : .array(rest)
        case .object(let members):
            var rest = JSONObject()
            for (key, value) in members { rest[key] = value.withoutEmptyParts }
            return rest.isEmpty ? nil : .object(rest)
        case .null: return nil
        default: return self
        }
    }
}
