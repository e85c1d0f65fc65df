import Identity
import StoreSQLite

/// `weir rekey`: a new key for the secrets of a data directory that no server uses.
public enum OfflineRekeying {
    /// - Returns: how many secrets were written again.
    /// - Throws: `StoreError.locked` while a server runs, and what `Rekeying.run` throws.
    public static func run(_ configuration: WeirConfiguration) async throws -> Int {
        let directory = try DataDirectory(configuration.dataDirectory)
        let engine = try await SQLiteEngine.open(directory: directory.storePath)
        let rekeying = Rekeying(engine: engine, keyFile: directory.keyFile(configuration)) {
            try await engine.vacuum()
        }
        let result: Result<Int, any Error>
        do { result = .success(try await rekeying.run()) } catch { result = .failure(error) }
        await engine.close()
        return try result.get()
    }
}

extension DataDirectory {
    /// Where the keys are that secrets are encrypted with.
    func keyFile(_ configuration: WeirConfiguration) -> EncryptionKeyFile {
        EncryptionKeyFile(path: configuration.encryptionKeyFile ?? path + "/secrets.key")
    }
}
