import CCrypt
import Foundation

/// A password's bcrypt hash in the form of htpasswd: `$2y$COST$…`.
public struct PasswordHash: Sendable, Hashable {
    /// bcrypt looks at no more bytes of a password: longer ones are refused where they are set, because it would not say so.
    public static let maximumPasswordBytes = 72
    /// Costs that are taken: 2^4 to 2^16 rounds. More would make every log-in a denial of service.
    static let costs = 4...16

    public let text: String
    /// Doublings of the work that a check takes.
    let cost: Int

    /// - Returns: nil for anything but bcrypt: older forms of htpasswd are too fast to keep passwords safe.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 60, ["$2a$", "$2b$", "$2y$"].contains(String(text.prefix(4))), bytes[6] == 0x24,
            let cost = Int(String(decoding: bytes[4..<6], as: UTF8.self)), Self.costs.contains(cost),
            bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3A })
        else { return nil }
        self.text = text
        self.cost = cost
    }

    /// Hashes a password. Takes a quarter of a second at the standard cost.
    /// - Returns: nil where the password cannot be kept (see `isUsable`), or the system has no bcrypt.
    public static func make(_ password: String, cost: Int = 12) -> PasswordHash? {
        guard isUsable(password), costs.contains(cost) else { return nil }
        var generator = SystemRandomNumberGenerator()
        var random: [UInt8] = []
        for _ in 0..<2 { withUnsafeBytes(of: generator.next()) { random += $0 } }
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        let made = random.withUnsafeBytes { bytes in
            crypt_gensalt_rn(
                "$2y$", UInt(cost), bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), &setting,
                Int32(setting.count)) != nil
        }
        guard made, let hash = crypt(password, setting: text(setting)) else { return nil }
        return PasswordHash(hash)
    }

    /// Whether a password can be set: it is not empty, bcrypt sees all of it, and C's strings can hold it.
    public static func isUsable(_ password: String) -> Bool {
        !password.isEmpty && password.utf8.count <= maximumPasswordBytes && !password.utf8.contains(0)
    }

    /// Whether this is the hash of a password; takes as long for a wrong one.
    public func matches(_ password: String) -> Bool {
        // A password that could not have been set is none; the work is done all the same.
        let isUsable = Self.isUsable(password)
        guard let hash = Self.crypt(isUsable ? password : "-", setting: text) else { return false }
        return ConstantTime.areEqual(hash.utf8, text.utf8) && isUsable
    }

    private static func crypt(_ password: String, setting: String) -> String? {
        // 32 KiB, which is much for the stack of a worker.
        let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        defer {
            // It holds what could be made of the password.
            memset(data, 0, MemoryLayout<crypt_data>.size)
            data.deallocate()
        }
        memset(data, 0, MemoryLayout<crypt_data>.size)
        guard let hash = crypt_rn(password, setting, data, Int32(MemoryLayout<crypt_data>.size)) else { return nil }
        return String(cString: hash)
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
