import Configuration
import SystemPackage

/// The places settings come from, the first that has one wins: flags, environment, file.
public enum ConfigurationSources {
    /// - Parameters:
    ///   - flags: what was said on the command line, by configuration key.
    ///   - file: path of a YAML file; nil for none.
    /// - Throws: where the file cannot be read.
    public static func reader(flags: [AbsoluteConfigKey: ConfigValue], file: String?) async throws -> ConfigReader {
        var providers: [any ConfigProvider] = [
            InMemoryProvider(name: "flags", values: flags),
            // WEIR_DATA_DIR is the key dataDir.
            EnvironmentVariablesProvider().prefixKeys(with: "weir"),
        ]
        if let file {
            do {
                providers.append(try await FileProvider<YAMLSnapshot>(filePath: FilePath(file)))
            } catch {
                throw WeirConfiguration.Invalid(description: "the configuration file \(file) cannot be read: \(error)")
            }
        }
        return ConfigReader(providers: providers)
    }
}
