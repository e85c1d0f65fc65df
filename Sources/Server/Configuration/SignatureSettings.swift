import Configuration
import Foundation
import Importing
import Logging

/// Whether and from where signatures of images are imported.
public struct SignatureSettings: Sendable, Hashable {
    public enum Mode: String, Sendable, CaseIterable {
        /// Where this machine says where signatures are: a directory is named, or the standard one exists.
        case auto
        case always
        case never
    }

    public var mode = Mode.auto
    /// Directory of a lookaside configuration (`registries.d`); empty for the standard one.
    public var lookaside = ""

    /// - Throws: `WeirConfiguration.Invalid` for an unknown mode.
    init(_ reader: ConfigReader) throws {
        let text = reader.string(forKey: "signatureImport", default: mode.rawValue)
        guard let mode = Mode(rawValue: text) else {
            throw WeirConfiguration.Invalid(
                description: "signature-import must be auto, always or never, not \"\(text)\"")
        }
        self.mode = mode
        lookaside = reader.string(forKey: "signatureLookaside", default: "")
    }

    /// Where to look for signatures; nil for nowhere.
    ///
    /// A fault in a directory that was named here keeps the server from starting. The standard one belongs to other
    /// programs: a fault in it is told in the log, and nothing is imported.
    /// - Throws: `WeirConfiguration.Invalid`.
    func configuration(logger: Logger) throws -> LookasideConfiguration? {
        if mode == .never { return nil }
        if !lookaside.isEmpty {
            do { return report(try LookasideConfiguration(directory: lookaside), logger) } catch {
                throw WeirConfiguration.Invalid(description: "the signature lookaside is wrong:\n\(error)")
            }
        }
        let directory = LookasideConfiguration.standardDirectory
        guard FileManager.default.fileExists(atPath: directory) else {
            return mode == .always ? LookasideConfiguration() : nil
        }
        do { return report(try LookasideConfiguration(directory: directory), logger) } catch {
            for fault in error.faults {
                logger.warning(
                    "no signatures are imported: their configuration is wrong", metadata: ["fault": "\(fault)"])
            }
            return nil
        }
    }

    private func report(_ configuration: LookasideConfiguration, _ logger: Logger) -> LookasideConfiguration {
        for field in configuration.unknownFields {
            logger.warning("a field about signatures means nothing", metadata: ["field": "\(field)"])
        }
        return configuration
    }
}
