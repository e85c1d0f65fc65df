import ArgumentParser
import Blobs
import Foundation
import JSON
import Registry
import Server

/// `weir adopt`: another registry's directory becomes ours.
struct AdoptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt", abstract: "Take over the directory of another registry. The server must be stopped.",
        discussion: """
            DIR is what docker-registry, distribution or OpenShift's registry keep on a volume: the directory with \
            docker/registry/v2 in it. It is only read, and the other registry may go on reading it; it should take no \
            pushes meanwhile. All bytes are hashed on their way.

            A repository NAMESPACE/NAME becomes the image stream of that name. What was taken over before is passed over: \
            run it again after an interruption, or to get what has come since.

            Ends with 0 where all was taken over, with 3 where something was passed over, which is told.
            """)

    @Argument(help: "The other registry's directory.", completion: .directory) var directory: String
    @Option(help: "A YAML file with the settings of the server.") var config: String?
    @Option(help: "The data directory to take it into; made where it is missing. Default: weir-data.")
    var dataDir: String?
    @Option(
        help: """
            Which tags of DIR are set. new: those of repositories that are no image stream yet. all: also those that \
            streams lack; no tag is moved. none: none, only repositories are taken that are streams already.
            """)
    var tags: DirectoryAdoption.Tags = .new
    @Option(help: "The namespace of repositories whose name has no NAMESPACE/.") var namespace: String?
    @Flag(help: "Join the further parts of names such as NAMESPACE/A/B by dots: NAMESPACE/A.B.") var flatten = false
    @Flag(help: "Make namespaces that do not exist.") var createNamespaces = false
    @Flag(help: "Copy files also where they could be linked: DIR is on the same file system and will be written to.")
    var copy = false
    @Option(help: "Only this repository of DIR. May be repeated.") var repository: [String] = []
    @Flag(help: "Only say what would be taken. Bytes are not read.") var dryRun = false
    @Option(name: [.customShort("o"), .long], help: "text or json: a document a line, as it goes.")
    var output: OutputFormat = .text

    func run() async throws {
        var tally = AdoptionTally()
        let progress = ProgressLine()
        try await Failures.shown {
            let configuration = try await OfflineCommand.configuration(config, dataDir: dataDir)
            tally = try await OfflineAdoption.run(
                directory, configuration, request, logger: OfflineCommand.logger()
            ) { event in
                if case .progress(let tally) = event {
                    progress.show("\(tally.blobs) blobs, \(ByteCount(tally.bytes)), \(tally.manifests) manifests")
                } else {
                    progress.clear()
                    show(event)
                }
            }
            progress.clear()
            end(tally)
        }
        if tally.problems > 0 { throw ExitCode(3) }
    }

    private var request: DirectoryAdoption.Request {
        var request = DirectoryAdoption.Request()
        request.method = copy ? .copy : .link
        request.tags = tags
        request.namespace = namespace
        request.flattens = flatten
        request.createsNamespaces = createNamespaces
        request.isDryRun = dryRun
        request.only = Set(repository)
        return request
    }

    private func show(_ event: DirectoryAdoption.Event) {
        switch (event, output) {
        case (.repository(let repository), .json): print(JSONValue.object(["repository": repository.json]))
        case (.repository(let it), .text):
            let name = it.name == it.stream ? it.name : "\(it.name) as \(it.stream)"
            let rest = [it.known > 0 ? "\(it.known) known" : "", it.failed > 0 ? "\(it.failed) passed over" : ""]
            print(
                ([
                    "\(name): \(it.isNew ? "a new stream, " : "")\(it.tags) tags, \(it.manifests) manifests, "
                        + "\(it.layers) layers"
                ] + rest.filter { !$0.isEmpty }).joined(separator: ", "))
        case (.problem(let place, let message), .json):
            print(JSONValue.object(["problem": ["place": .string(place), "message": .string(message)]]))
        case (.problem(let place, let message), .text): print("passed over: \(place): \(message)")
        case (.progress, _): break
        }
    }

    private func end(_ tally: AdoptionTally) {
        if output == .json { return print(JSONValue.object(["result": tally.json])) }
        print(
            "\(dryRun ? "would be taken over" : "taken over"): \(tally.repositories) repositories, \(tally.tags) tags, "
                + "\(tally.manifests) manifests, \(tally.blobs) layers with \(ByteCount(tally.bytes)); "
                + "\(tally.problems) problems")
    }
}

extension DirectoryAdoption.Tags: ExpressibleByArgument {}
