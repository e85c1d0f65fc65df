import Store
import StoreTesting
import Testing

@testable import StoreSQLite

/// The index of keys, and the form in which it keeps them.
struct KeyIndexTests {
    /// Keys of all forms: with digests, with odd and short rests of digits, of digits alone, beginnings of each other.
    private static func key(_ random: inout SeededGenerator) -> String {
        let number = Int.random(in: 0..<400, using: &random)
        let digits = String(number * 7_919, radix: 16)
        let digest = String(repeating: digits + "0", count: 64 / (digits.count + 1) + 1).prefix(64)
        return switch number % 10 {
        case 0: "/r/layers/\(number % 7)/sha256:\(digest)"
        case 1: "/r/blobs/sha256:\(digest)"
        case 2: "/r/blobs/sha256:\(digest)a"
        case 3: "/r/blobs/sha256:\(digest.uppercased())"
        case 4: "/r/blobs/sha256:\(digest.prefix(number % 64))"
        case 5: "/names/äöü-\(digits)"
        case 6: String(digest)
        case 7: "/long/" + String(repeating: "0123456789abcdef", count: 32 + number % 20) + digits
        case 8: "/r/layers/\(number % 7)/sha256:\(digest)\u{0}"
        default: String(UnicodeScalar(UInt8(1 + number % 127)))
        }
    }

    @Test("packed keys are the keys that were put in, in their order", arguments: [1, 2, 3] as [UInt64])
    func packed(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var keys = PackedKeys()
        var model: [String] = []
        for step in 0..<2_000 {
            let key = Self.key(&random)
            let place = model.firstIndex { !KeyOrder.precedes($0, key) } ?? model.count
            let isKnown = place < model.count && KeyOrder.equal(model[place], key)
            let found = keys.search(key)
            #expect(found.index == place)
            #expect(found.isFound == isKnown)
            if !isKnown {
                keys.insert(key, at: place)
                model.insert(key, at: place)
            } else if step % 3 == 0 {
                keys.remove(at: place)
                model.remove(at: place)
            }
            if step % 200 == 0 {
                #expect(keys.strings == model)
                keys = PackedKeys(model)
                #expect(keys.strings == model)
            }
        }
        #expect(keys.strings == model)
    }

    private struct Change {
        var id: Int64
        var created: Int64
    }

    @Test("the index finds what was there at each revision", arguments: [1, 2, 3] as [UInt64])
    func index(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var index = KeyIndex()
        var model: [StoreKey: [Change]] = [:]
        var snapshots: [(index: KeyIndex, model: [StoreKey: [Change]], revision: Int64)] = []
        for revision in Int64(1)...4_000 {
            let name = "/r/blobs/sha256:\(Int.random(in: 0..<900, using: &random) * 104_729)"
            let key = Bool.random(using: &random) ? Self.key(&random) : name
            let last = model[StoreKey(key)]?.last
            // Grows, then shrinks.
            let deletes = Int.random(in: 0..<10, using: &random) < (revision < 2_500 ? 2 : 8)
            if deletes && (last?.created ?? 0) == 0 { continue }
            let created = deletes ? 0 : last.map { $0.created == 0 ? revision : $0.created } ?? revision
            let version = Version(id: Schema.firstID(of: revision), created: created)
            index.append(version, to: key)
            model[StoreKey(key), default: []].append(Change(id: version.id, created: created))
            if revision % 3 == 0, last != nil {
                index.compact(key, supersededBy: version)
                model[StoreKey(key)] = deletes ? nil : [Change(id: version.id, created: created)]
            }
            if revision % 500 == 0 {
                snapshots.append((index, model, revision))
                compare(index, model, at: revision, &random)
                compare(index, model, at: revision - 100, &random)
            }
        }
        for (index, model, revision) in snapshots { compare(index, model, at: revision, &random) }
        compare(rebuilt(model), model, at: 4_000, &random)
    }

    /// The index as it would be made at the start.
    private func rebuilt(_ model: [StoreKey: [Change]]) -> KeyIndex {
        var builder = KeyIndex.Builder()
        for (key, changes) in model.sorted(by: { $0.key < $1.key }) {
            for (place, change) in changes.enumerated() {
                let version = Version(id: change.id, created: change.created)
                if place == 0 { builder.append(version, to: key.string) } else { builder.append(version) }
            }
        }
        return builder.finish()
    }

    private func compare(
        _ index: KeyIndex, _ model: [StoreKey: [Change]], at revision: Int64, _ random: inout SeededGenerator
    ) {
        let existing = model.compactMap { key, changes -> (key: StoreKey, id: Int64)? in
            guard let last = changes.last(where: { $0.id <= Schema.lastID(of: revision) }), last.created != 0 else {
                return nil
            }
            return (key, last.id)
        }.sorted { $0.key < $1.key }
        for range in [
            KeyRange.all, .prefix("/r/blobs/"), .prefix("/r/layers/3/"), .key("/names/äöü-0"),
            KeyRange(start: "/r/m", end: "/r/b"), .prefix("/r/blobs/sha256:1").after("/r/blobs/sha256:104729"),
        ] {
            for limit in [0, 1, Int.random(in: 2...700, using: &random)] {
                for order in RangeOrder.allCases {
                    let inside = existing.filter { range.contains($0.key.string) }
                    let ordered = order == .ascending ? inside : inside.reversed()
                    let expected = limit > 0 ? Array(ordered.prefix(limit)) : ordered
                    let (page, count) = index.range(range, at: revision, order: order, limit: limit)
                    #expect(count == inside.count)
                    #expect(page.map { StoreKey($0.key) } == expected.map(\.key))
                    #expect(page.map(\.version.id) == expected.map(\.id))
                }
            }
        }
        for (key, changes) in model {
            let now = index[key.string]
            #expect(now?.id == (changes.last?.created == 0 ? nil : changes.last?.id))
        }
        for (key, id) in existing { #expect(index.version(of: key.string, at: revision)?.id == id) }
        #expect(index["/absent"] == nil)
    }
}
