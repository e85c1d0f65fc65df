import Identity
import Logging
import Store

extension EncryptedStorage {
    /// The engine of a server, whose secrets are encrypted on their way to it. Closes it where that fails.
    static func open(
        _ engine: any StoreEngine, _ keyFile: EncryptionKeyFile, _ configuration: WeirConfiguration, _ logger: Logger
    ) async throws -> EncryptedEngine {
        do {
            let encrypted = try await self.engine(
                engine, keyFile: keyFile, mayCreate: configuration.encryptionKeyFile == nil)
            if keyFile.isOpenToOthers {
                logger.warning("everybody on this machine can read the key file", metadata: ["path": "\(keyFile.path)"])
            }
            return encrypted
        } catch {
            await engine.close()
            throw error
        }
    }
}
