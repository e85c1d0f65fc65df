import ArgumentParser
import Bundles
import Foundation
import JSON

/// `weir import-bundle`: the streams of a bundle come to a server.
struct ImportBundleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import-bundle", abstract: "Bring the image streams of a bundle to a server.",
        discussion: """
            Also takes what skopeo, podman and buildah write as oci-archive. The whole file is read and checked before \
            anything is sent. What the server has is passed over: run it again after an interruption.

            Tags get the images of the bundle. Tags that were imported from another registry say in the annotation \
            weir.dev/bundle-source where their images came from, and are not imported again, unless --keep-sources says so.

            Ends with 0 where all of it is there, with 3 where the server does not take some image, which is told.
            """)

    @Argument(help: "The bundle: a tar file, not compressed.", completion: .file()) var file: String
    @Option(
        help: """
            NAMESPACE[/STREAM[:TAG]]: where to put it, instead of where it was. Archives of other programs may need it.
            """)
    var to: String?
    @Flag(help: "Make namespaces that do not exist.") var createNamespaces = false
    @Flag(help: "Tags that were imported from another registry are imported from there here, too.")
    var keepSources = false
    @Flag(help: "Only check the bundle. No server is asked.") var dryRun = false
    @OptionGroup var place: ServerPlace
    @Option(name: [.customShort("o"), .long], help: "text or json: a document a line, as it goes.")
    var output: OutputFormat = .text

    func run() async throws {
        let report = BundleReport(format: output)
        var tally = BundleImport.Tally()
        try await Failures.shown {
            var request = BundleImport.Request()
            request.target = try to.map { try BundleSelection($0) }
            request.createsNamespaces = createNamespaces
            request.keepsSources = keepSources
            request.isDryRun = dryRun
            let order = request
            if dryRun {
                tally = try await BundleImport(nil).run(file, order) { report.show($0) }
            } else {
                tally = try await ServerSession.with(try place.access()) { session in
                    try await BundleImport(session).run(file, order) { report.show($0) }
                }
            }
            report.end(tally, isDryRun: dryRun)
        }
        if tally.problems > 0 { throw ExitCode(3) }
    }
}

extension BundleReport {
    func show(_ event: BundleImport.Event) {
        switch event {
        case .stream(let name, let tags):
            say("\(name): \(tags) tags", ["stream": ["name": .string(name), "tags": .integer(Int64(tags))]])
        case .problem(let place, let message): problem(place, message)
        case .progress(let tally):
            progress.show(
                "\(tally.checked) checked; \(tally.manifests) manifests, \(tally.blobs) blobs, \(ByteCount(tally.bytes)) sent"
            )
        }
    }

    func end(_ tally: BundleImport.Tally, isDryRun: Bool) {
        let sent =
            isDryRun
            ? "nothing is wrong with it"
            : "\(tally.tags) tags set; \(tally.manifests) manifests, \(tally.blobs) blobs, \(ByteCount(tally.bytes)) sent"
        say(
            "\(tally.streams) image streams, \(tally.checked) blobs and manifests checked; \(sent)",
            [
                "result": [
                    "streams": .integer(Int64(tally.streams)), "tags": .integer(Int64(tally.tags)),
                    "manifests": .integer(Int64(tally.manifests)), "blobs": .integer(Int64(tally.blobs)),
                    "bytes": .integer(tally.bytes), "checked": .integer(Int64(tally.checked)),
                    "problems": .integer(Int64(tally.problems)),
                ]
            ])
    }
}
