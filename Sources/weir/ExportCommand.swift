import ArgumentParser
import Bundles
import Foundation
import JSON

/// `weir export`: streams with their images into one file.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write image streams with their images into a bundle.",
        discussion: """
            A bundle is an OCI image layout in a tar file: weir import-bundle brings it to another server, and skopeo, \
            podman and the like read it as oci-archive:FILE:NAMESPACE/STREAM:TAG.

            Asks a running server with the rights of the user. Until it is whole the file is called FILE.partial; the same \
            command goes on with one that is there.

            Ends with 0 where all is in it that was asked for, with 3 where something is not, which is told.
            """)

    @Argument(help: "NAMESPACE, NAMESPACE/STREAM or NAMESPACE/STREAM:TAG. Several add up.") var streams: [String] = []
    @Flag(help: "All image streams of the server.") var all = false
    @Option(name: [.short, .long], help: "The file to write, or - for standard output.", completion: .file())
    var file: String
    @Option(help: "Of images for several platforms only OS/ARCHITECTURE[/VARIANT]. May be repeated.")
    var platform: [String] = []
    @Flag(help: "Also what refers to the images, such as signatures and SBOMs, and what refers to that.")
    var referrers = false
    @Flag(help: "Also the tags where cosign keeps what belongs to a selected tag (sha256-….sig, .att, .sbom).")
    var signatureTags = false
    @Option(help: "A bundle that the other side has: its layers are left out.", completion: .file()) var since: String?
    @OptionGroup var place: ServerPlace
    @Option(name: [.customShort("o"), .long], help: "text or json: a document a line, as it goes.")
    var output: OutputFormat = .text

    func validate() throws {
        guard all != !streams.isEmpty else { throw ValidationError("say which image streams, or --all") }
    }

    func run() async throws {
        var tally = BundleExport.Tally()
        let report = BundleReport(format: output, toErrors: file == "-")
        try await Failures.shown {
            var request = BundleExport.Request()
            request.selections = all ? [.all] : try streams.map { try BundleSelection($0) }
            request.platforms = try platform.map { try BundlePlatform($0) }
            request.referrers = referrers
            request.signatureTags = signatureTags
            request.since = since
            let order = request
            tally = try await ServerSession.with(try place.access()) { session in
                try await BundleExport(session).run(order, to: file == "-" ? nil : file) { report.show($0) }
            }
            report.end(tally)
        }
        if tally.problems > 0 { throw ExitCode(3) }
    }
}

extension BundleReport {
    func show(_ event: BundleExport.Event) {
        switch event {
        case .resumed(let blobs):
            say("going on with \(blobs) blobs of an earlier run", ["resumed": .integer(Int64(blobs))])
        case .stream(let name, let tags):
            say("\(name): \(tags) tags", ["stream": ["name": .string(name), "tags": .integer(Int64(tags))]])
        case .problem(let place, let message): problem(place, message)
        case .progress(let tally):
            progress.show("\(tally.manifests) manifests, \(tally.blobs) blobs, \(ByteCount(tally.bytes))")
        }
    }

    func end(_ tally: BundleExport.Tally) {
        let omitted = tally.omitted > 0 ? "; \(tally.omitted) blobs are in the earlier bundle" : ""
        say(
            "\(tally.streams) image streams, \(tally.tags) tags; \(tally.manifests) manifests, \(tally.blobs) blobs, "
                + "\(ByteCount(tally.bytes)) written\(omitted)",
            [
                "result": [
                    "streams": .integer(Int64(tally.streams)), "tags": .integer(Int64(tally.tags)),
                    "manifests": .integer(Int64(tally.manifests)), "blobs": .integer(Int64(tally.blobs)),
                    "bytes": .integer(tally.bytes), "omitted": .integer(Int64(tally.omitted)),
                    "problems": .integer(Int64(tally.problems)),
                ]
            ])
    }
}
