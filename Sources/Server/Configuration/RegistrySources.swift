import APIMachinery
import Configuration
import ImageStreams
import Importing
import JSON

/// Reads what clusters say of registries: `ImageDigestMirrorSet`, `ImageTagMirrorSet` and `ImageContentSourcePolicy`
/// objects, and `registrySources` and `allowedRegistriesForImport` of `config.openshift.io/v1` `Image`, one or more in a file, as `oc get -o yaml` shows
/// them (spec/import-and-controllers.md A.9).
struct RegistrySources {
    /// Objects in one file, and mirrors in one entry.
    private static let maximum = 10_000

    private(set) var table = RegistryTable()
    /// The registries that images may be imported from; all where there are none (A.6).
    private(set) var allowed: [AllowedRegistry] = []
    private var document = DocumentDecoder("the object")

    /// - Parameter file: empty for none.
    /// - Throws: `WeirConfiguration.Invalid` for a file that cannot be read or means nothing.
    static func read(file: String) throws -> RegistrySources {
        guard !file.isEmpty else { return RegistrySources() }
        guard let text = SystemFile.text(of: file) else {
            throw WeirConfiguration.Invalid(description: "the registry sources \(file) cannot be read")
        }
        var reader = RegistrySources()
        reader.read(text)
        guard reader.document.faults.isEmpty else {
            throw WeirConfiguration.Invalid(
                description: "the registry sources \(file) are wrong:\n"
                    + reader.document.faults.joined(separator: "\n"))
        }
        return reader
    }

    mutating func read(_ text: String) {
        var parts: [[Substring]] = [[]]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "---" || line.hasPrefix("--- ") || line == "---\r" {
                parts.append([])
            } else {
                parts[parts.count - 1].append(line)
            }
        }
        for (index, part) in parts.enumerated() {
            let text = part.joined(separator: "\n")
            let isEmpty = part.allSatisfy { line in
                let content = line.drop { $0.isWhitespace }
                return content.isEmpty || content.hasPrefix("#")
            }
            if isEmpty { continue }
            do { read(try YAML.parse(text).value, "document \(index + 1)") } catch {
                document.faults.append("document \(index + 1): \(error.text)")
            }
        }
    }

    private mutating func read(_ value: JSONValue, _ path: String) {
        let items = value["items"]
        switch value["kind"]?.stringValue {
        case "List", "ImageDigestMirrorSetList", "ImageTagMirrorSetList", "ImageContentSourcePolicyList":
            for (index, item) in document.elements(items, "\(path).items").prefix(Self.maximum).enumerated() {
                read(item, "\(path).items[\(index)]")
            }
        case "ImageDigestMirrorSet": readMirrors(value, "imageDigestMirrors", .digests, path)
        case "ImageTagMirrorSet": readMirrors(value, "imageTagMirrors", .tags, path)
        case "ImageContentSourcePolicy": readMirrors(value, "repositoryDigestMirrors", .digests, path)
        case "Image":
            readSources(value["spec"]?["registrySources"], "\(path).spec.registrySources")
            readAllowed(value["spec"]?["allowedRegistriesForImport"], "\(path).spec.allowedRegistriesForImport")
        case let kind:
            document.faults.append(
                "\(path).kind: must be ImageDigestMirrorSet, ImageTagMirrorSet, ImageContentSourcePolicy or Image, not "
                    + (kind.map { "\"\($0)\"" } ?? "absent"))
        }
    }

    private mutating func readMirrors(
        _ value: JSONValue, _ field: String, _ references: RegistryTable.References, _ path: String
    ) {
        let path = "\(path).spec.\(field)"
        for (index, entry) in document.elements(value["spec"]?[field], path).prefix(Self.maximum).enumerated() {
            let path = "\(path)[\(index)]"
            guard let fields = document.object(entry, path, ["source", "mirrors", "mirrorSourcePolicy"]),
                let source = document.text(fields["source"], "\(path).source")
            else { continue }
            let mirrors = document.texts(fields["mirrors"], "\(path).mirrors")
            for scope in [source] + mirrors { check(scope, path) }
            let policy = document.text(fields["mirrorSourcePolicy"], "\(path).mirrorSourcePolicy") ?? ""
            guard ["", "AllowContactingSource", "NeverContactSource"].contains(policy) else {
                document.faults.append(
                    "\(path).mirrorSourcePolicy: must be AllowContactingSource or NeverContactSource, not \"\(policy)\""
                )
                continue
            }
            table.addMirrors(
                mirrors, of: source, serving: references, neverContactSource: policy == "NeverContactSource")
        }
    }

    private mutating func readSources(_ value: JSONValue?, _ path: String) {
        for scope in document.texts(value?["insecureRegistries"], "\(path).insecureRegistries") {
            check(scope, path)
            table.addInsecure(scope)
        }
        for scope in document.texts(value?["blockedRegistries"], "\(path).blockedRegistries") {
            check(scope, path)
            table.addBlocked(scope)
        }
    }

    private mutating func readAllowed(_ value: JSONValue?, _ path: String) {
        for (index, entry) in document.elements(value, path).prefix(Self.maximum).enumerated() {
            let path = "\(path)[\(index)]"
            guard let fields = document.object(entry, path, ["domainName", "insecure"]) else { continue }
            let name = document.text(fields["domainName"], "\(path).domainName") ?? ""
            let registry = AllowedRegistry(
                domainName: name, insecure: document.flag(fields["insecure"], "\(path).insecure") ?? false)
            do throws(RegistryAllowList.ConfigurationError) {
                _ = try RegistryAllowList([registry], internalRegistry: "")
                if name.isEmpty || name.contains("/") {
                    document.faults.append("\(path).domainName: \"\(name)\" is no host[:port]")
                }
                allowed.append(registry)
            } catch {
                document.faults.append("\(path).domainName: \(error.text)")
            }
        }
    }

    /// `host[:port][/path]` or `*.domain`.
    private mutating func check(_ scope: String, _ path: String) {
        let host = scope.prefix { $0 != "/" }
        let isWild = host.hasPrefix("*.")
        let isGood =
            !host.isEmpty && !scope.hasSuffix("/") && !scope.contains("//") && !scope.contains("@")
            && (!isWild || host.utf8.count == scope.utf8.count)
            && scope.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !scope.dropFirst(isWild ? 1 : 0).contains("*")
        if !isGood { document.faults.append("\(path): \"\(scope)\" is no host[:port][/path] and no *.domain") }
    }
}
