import Store

/// Gives the secrets of a store that nobody else uses a new key, and makes the old ones worthless.
///
/// It can be stopped at any instruction, by a crash as well: the key file then has all keys that any value needs, so
/// that a server starts, and running it again does the whole work.
public struct Rekeying {
    private let engine: any StoreEngine
    private let keyFile: EncryptionKeyFile
    private let scrub: () async throws -> Void
    /// Called before each step; tests stop there.
    var step: (Step) throws -> Void = { _ in }

    enum Step: Hashable, CaseIterable {
        case addKey
        case rewrite
        case forgetHistory
        case scrub
        case dropOldKeys
    }

    /// Why the old keys were not dropped.
    public struct Unfinished: Error, CustomStringConvertible {
        public var description: String {
            "secrets are left that have another key; is another program writing to the store? The old keys stay"
        }
    }

    /// - Parameters:
    ///   - engine: the bare engine, before its start.
    ///   - scrub: removes from the engine's files what has been deleted.
    public init(
        engine: any StoreEngine, keyFile: EncryptionKeyFile, scrub: @escaping () async throws -> Void
    ) {
        self.engine = engine
        self.keyFile = keyFile
        self.scrub = scrub
    }

    /// Does all of it.
    /// - Returns: how many secrets were written again. Their `resourceVersion` changes, nothing else of them does.
    /// - Throws: `EncryptionKeyFile.Unusable`, `StoreError`, `Unfinished`.
    public func run() async throws -> Int {
        let old = try await EncryptedStorage.keys(for: engine, keyFile: keyFile, mayCreate: true)
        let new = EncryptionKey()
        try step(.addKey)
        let both = EncryptionKeys(new, old.keys)
        try keyFile.write(both)

        try step(.rewrite)
        _ = try await engine.start { _ in }
        let encrypted = EncryptedEngine(engine, keys: both, prefixes: EncryptedStorage.prefixes)
        var count = 0
        try await EncryptedStorage.forEachPage(of: encrypted) { (page) async throws(StoreError) in
            for keyValue in page {
                _ = try await encrypted.commit(
                    Transaction(
                        conditions: [.modRevision(of: keyValue.key, equals: keyValue.modRevision)],
                        mutations: [.put(key: keyValue.key, value: keyValue.value)]))
                count += 1
            }
        }

        try step(.forgetHistory)
        try await engine.compact(to: engine.currentRevision)
        try step(.scrub)
        try await scrub()
        var isComplete = true
        try await EncryptedStorage.forEachPage(of: engine) { (page) async throws(StoreError) in
            isComplete = isComplete && page.allSatisfy { SealedValue($0.value)?.keyID == new.id }
        }
        guard isComplete else { throw Unfinished() }
        try step(.dropOldKeys)
        try keyFile.write(EncryptionKeys(new))
        return count
    }
}
