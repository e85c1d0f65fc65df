import APIMachinery

/// The metadata that the server owns (spec/api-machinery.md 3.2, 3.3).
public enum SystemMetadata {
    /// Gives a new object its uid and creation time and drops what a client must not set.
    public static func fill(_ metadata: inout ObjectMeta, namespace: String, _ context: RequestContext) {
        metadata.namespace = namespace
        metadata.uid = UUID4.random()
        metadata.creationTimestamp = context.now
        metadata.deletionTimestamp = nil
        metadata.deletionGracePeriodSeconds = nil
        metadata.selfLink = ""
        metadata.resourceVersion = ""
        metadata.ownerReferences = uniqueOwners(metadata.ownerReferences, context)
    }

    /// `prefix`, cut to 58 bytes, and five random characters that spell no word.
    public static func generateName(_ prefix: String) -> String {
        var name = String(decoding: prefix.utf8.prefix(58), as: UTF8.self)
        for _ in 0..<5 { name.unicodeScalars.append(Unicode.Scalar(alphabet[Int.random(in: 0..<alphabet.count)])) }
        return name
    }

    private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)

    /// Later owners with the uid of an earlier one are dropped, with a warning (3.8).
    static func uniqueOwners(_ owners: [OwnerReference], _ context: RequestContext) -> [OwnerReference] {
        var seen = Set<String>()
        var duplicates: [String] = []
        let unique = owners.filter { owner in
            if seen.insert(owner.uid).inserted { return true }
            if !duplicates.contains(owner.uid) { duplicates.append(owner.uid) }
            return false
        }
        if !duplicates.isEmpty {
            context.warnings.warn(
                ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: \(duplicates.joined(separator: ", "))"
            )
        }
        return unique
    }
}

/// Random UUIDs (RFC 4122, version 4), lower case.
public enum UUID4 {
    public static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        var high = generator.next()
        var low = generator.next()
        high = high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        low = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, word) in [high, low].enumerated() {
            for nibble in 0..<16 {
                let position = index * 16 + nibble
                if position == 8 || position == 12 || position == 16 || position == 20 {
                    text.append(UInt8(ascii: "-"))
                }
                text.append(digits[Int(word >> (60 - 4 * UInt64(nibble)) & 15)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
