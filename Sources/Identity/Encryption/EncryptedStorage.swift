import Store

/// What of a store is encrypted, and the way from a store and a key file to an engine.
public enum EncryptedStorage {
    /// The prefixes of the keys whose values are encrypted.
    public static let prefixes = [SecretRules.keyPrefix]

    /// Puts encryption in front of an engine.
    ///
    /// - Parameter mayCreate: whether a missing key file is made. It never is where the store has encrypted values: a
    ///   new key would not open them, and would hide that the right one is missing.
    /// - Throws: `EncryptionKeyFile.Unusable` where the file is missing or unusable; `StoreError`.
    public static func engine(
        _ engine: any StoreEngine, keyFile: EncryptionKeyFile, mayCreate: Bool
    ) async throws -> EncryptedEngine {
        EncryptedEngine(
            engine, keys: try await keys(for: engine, keyFile: keyFile, mayCreate: mayCreate), prefixes: prefixes)
    }

    static func keys(
        for engine: any StoreEngine, keyFile: EncryptionKeyFile, mayCreate: Bool
    ) async throws -> EncryptionKeys {
        if let keys = try keyFile.read() { return keys }
        guard mayCreate else {
            throw EncryptionKeyFile.Unusable(description: "the key file \(keyFile.path) does not exist")
        }
        guard try await !hasSealedValues(engine) else {
            throw EncryptionKeyFile.Unusable(
                description: "the key file \(keyFile.path) does not exist, but the store has secrets that were "
                    + "encrypted with it. Put it back")
        }
        let keys = EncryptionKeys(EncryptionKey())
        try keyFile.write(keys)
        return keys
    }

    static func hasSealedValues(_ engine: any StoreEngine) async throws(StoreError) -> Bool {
        var isFound = false
        try await forEachPage(of: engine) { (page) async throws(StoreError) in
            isFound = isFound || page.contains { SealedValue($0.value) != nil }
        }
        return isFound
    }

    /// Hands over all stored values, a few at a time.
    static func forEachPage(
        of engine: any StoreEngine, _ body: ([KeyValue]) async throws(StoreError) -> Void
    ) async throws(StoreError) {
        for prefix in prefixes {
            var rest = KeyRange.prefix(prefix)
            while true {
                // A value has at most a few mebibytes.
                let page = try await engine.range(rest, limit: 16)
                if !page.kvs.isEmpty { try await body(page.kvs) }
                guard page.more, let last = page.kvs.last else { break }
                rest = rest.after(last.key)
            }
        }
    }
}
