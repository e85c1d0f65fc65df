import OCI

/// Very many digests in little memory: eight bytes and a bit for each.
///
/// Digests are told apart by their first 64 bits. Two that share them count as one, so that something may be taken for a
/// member that is none; the collector then keeps what it could remove. Nobody can make that happen for a blob of their
/// choice with less than 2^64 tries.
struct DigestSet: Sendable {
    private var slots: [UInt64]
    private(set) var count = 0

    /// - Parameter capacity: members that fit in without growing.
    init(capacity: Int = 1_024) {
        var size = 16
        while size * 3 / 4 < capacity { size *= 2 }
        slots = [UInt64](repeating: 0, count: size)
    }

    /// - Returns: whether it is new.
    @discardableResult
    mutating func insert(_ digest: Digest) -> Bool { insert(fingerprint: max(1, digest.leadingBits)) }

    func contains(_ digest: Digest) -> Bool { contains(fingerprint: max(1, digest.leadingBits)) }

    /// For identifiers that begin with random hex digits, such as UUIDs.
    @discardableResult
    mutating func insert(id: String) -> Bool { insert(fingerprint: Self.fingerprint(of: id)) }

    func contains(id: String) -> Bool { contains(fingerprint: Self.fingerprint(of: id)) }

    // MARK: Slots

    /// The first sixteen hex digits; other characters are passed over. Never 0, which marks an empty slot.
    private static func fingerprint(of text: String) -> UInt64 {
        var value: UInt64 = 0
        var digits = 0
        for byte in text.utf8 {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: continue
            }
            value = value << 4 | UInt64(digit)
            digits += 1
            if digits == 16 { break }
        }
        return value == 0 ? 1 : value
    }

    /// The slot of a member, or the one where it would go.
    private func slot(_ fingerprint: UInt64) -> Int {
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: fingerprint) & mask
        while slots[place] != 0, slots[place] != fingerprint { place = (place + 1) & mask }
        return place
    }

    private func contains(fingerprint: UInt64) -> Bool { slots[slot(fingerprint)] != 0 }

    private mutating func insert(fingerprint: UInt64) -> Bool {
        var place = slot(fingerprint)
        if slots[place] != 0 { return false }
        if (count + 1) * 4 > slots.count * 3 {
            grow()
            place = slot(fingerprint)
        }
        slots[place] = fingerprint
        count += 1
        return true
    }

    private mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: 0, count: old.count * 2)
        for fingerprint in old where fingerprint != 0 { slots[slot(fingerprint)] = fingerprint }
    }
}
