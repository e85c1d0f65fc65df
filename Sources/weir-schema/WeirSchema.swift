import Foundation

/// Writes the Swift types declared in `Schema/*.yaml`; run from the root of the package.
///
///     weir-schema            writes the generated files and removes those no longer declared
///     weir-schema --check    changes nothing, fails if a committed file is not what the schema says
@main
struct WeirSchema {
    static func main() {
        do {
            let arguments = CommandLine.arguments.dropFirst()
            guard arguments.allSatisfy({ $0 == "--check" }) else {
                throw SchemaError("usage: weir-schema [--check]")
            }
            let stale = try run(check: arguments.contains("--check"))
            if !stale.isEmpty {
                throw SchemaError("stale, run weir-schema: " + stale.joined(separator: ", "))
            }
        } catch {
            FileHandle.standardError.write(Data("weir-schema: \(error)\n".utf8))
            exit(1)
        }
    }

    /// The files that differ from the schema; without `check` they are brought up to date and none is returned.
    private static func run(check: Bool) throws -> [String] {
        let folder = URL(fileURLWithPath: "Schema")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
        let modules = try names.sorted().map { name in
            try SchemaModule(
                yaml: String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8), file: "Schema/\(name)")
        }
        let index = try SchemaIndex(modules)
        var stale: [String] = []
        for module in modules {
            var wanted: [String: String] = [:]
            for type in module.types {
                wanted["\(type.name).swift"] = try SwiftEmitter(type: type, module: module, index: index).source()
            }
            wanted["\(module.typesName).swift"] = module.typesSource()
            stale += try synchronize(module.output, wanted, check: check)
        }
        return stale
    }

    private static func synchronize(_ output: String, _ wanted: [String: String], check: Bool) throws -> [String] {
        let files = FileManager.default
        let present = Set((try? files.contentsOfDirectory(atPath: output)) ?? []).filter { $0.hasSuffix(".swift") }
        var stale: [String] = []
        for (name, text) in wanted.sorted(by: { $0.key < $1.key }) {
            let path = "\(output)/\(name)"
            if let current = try? String(contentsOfFile: path, encoding: .utf8), current == text { continue }
            if check {
                stale.append(path)
            } else {
                try files.createDirectory(atPath: output, withIntermediateDirectories: true)
                try text.write(toFile: path, atomically: true, encoding: .utf8)
            }
        }
        for name in present.subtracting(wanted.keys).sorted() {
            if check { stale.append("\(output)/\(name)") } else { try files.removeItem(atPath: "\(output)/\(name)") }
        }
        return stale
    }
}

/// A fault in a schema file or in the command line.
struct SchemaError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
