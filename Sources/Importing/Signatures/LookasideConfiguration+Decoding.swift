import APIMachinery
import JSON

extension LookasideConfiguration {
    /// What is wrong with the files, one line a fault.
    public struct Invalid: Error, Sendable, CustomStringConvertible {
        public var faults: [String]
        public var description: String { faults.joined(separator: "\n") }
    }

    /// Reads the files of a directory together.
    /// - Throws: `Invalid` with all faults: of single files, and what two of them say of the same scope.
    public init(files: [(name: String, text: String)]) throws(Invalid) {
        self.init()
        var faults: [String] = []
        var standardFile: String?
        var fileOfScope: [String: String] = [:]
        for (name, text) in files {
            var decoder = LookasideDecoder()
            let file = decoder.file(text)
            faults += decoder.document.faults.map { "\(name): \($0)" }
            unknownFields += decoder.unknownFields.map { "\(name): \($0)" }
            if let place = file.standard {
                if let other = standardFile { faults.append("\(name): default-docker is in \(other) already") }
                standardFile = name
                standard = place
            }
            for (scope, place) in file.scopes {
                if let other = fileOfScope[scope] { faults.append("\(name): docker[\(scope)] is in \(other) already") }
                fileOfScope[scope] = name
                scopes[scope] = place
            }
        }
        guard faults.isEmpty else { throw Invalid(faults: faults) }
    }
}

private struct LookasideDecoder {
    var document = DocumentDecoder("the file")
    var unknownFields: [String] = []

    mutating func file(
        _ text: String
    ) -> (standard: LookasideConfiguration.Place?, scopes: [(String, LookasideConfiguration.Place)]) {
        let value: JSONValue
        do throws(YAML.Failure) {
            let read = try YAML.parse(text)
            document.faults = read.duplicateKeys
            value = read.value
        } catch {
            document.faults.append(error.text)
            return (nil, [])
        }
        guard let fields = fields(value, "", ["default-docker", "docker"]) else { return (nil, []) }
        let standard = place(fields["default-docker"] ?? .null, "default-docker")
        guard let docker = fields["docker"], !docker.isNull else { return (standard, []) }
        guard let scopes = docker.objectValue else {
            document.faults.append("docker: must be an object, not \(docker.typeName)")
            return (standard, [])
        }
        return (
            standard, scopes.compactMap { scope, value in place(value, "docker[\(scope)]").map { (scope, $0) } }
        )
    }

    private mutating func place(_ value: JSONValue, _ path: String) -> LookasideConfiguration.Place? {
        let known = ["lookaside", "lookaside-staging", "sigstore", "sigstore-staging", "use-sigstore-attachments"]
        guard let fields = fields(value, path, known) else { return nil }
        var place = LookasideConfiguration.Place()
        // The newer name counts where both are there.
        for key in ["sigstore", "lookaside"] {
            guard let url = document.text(fields[key], "\(path).\(key)"), !url.isEmpty else { continue }
            do throws(LookasideStore.Invalid) { place.store = try LookasideStore(url) } catch {
                document.faults.append("\(path).\(key): \(error.text)")
            }
        }
        place.usesAttachments = document.flag(
            fields["use-sigstore-attachments"], "\(path).use-sigstore-attachments")
        return place
    }

    /// An object; nil where it is absent. The format is that of other tools, which go on: fields that are not known
    /// are noted, and are no fault.
    private mutating func fields(_ value: JSONValue, _ path: String, _ known: [String]) -> JSONObject? {
        if value.isNull { return nil }
        let unknown = (value.objectValue.map { Array($0.keys) } ?? []).filter { !known.contains($0) }
        unknownFields += unknown.map { path.isEmpty ? $0 : "\(path).\($0)" }
        return document.object(value, path, known + unknown)
    }
}
