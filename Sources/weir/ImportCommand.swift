import APIMachinery
import ArgumentParser
import Bundles
import Foundation
import ImportClient

/// `weir import`: what `oc import-image` does, for people without `oc`.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Import images from another registry into an image stream.",
        discussion: """
            Asks a running server with the rights of the user. Without --from a tag is imported again from where it came; \
            with --all every tag of the stream, or of the repository that --from names, however many there are.

            Ends with 0 where everything was imported, with 1 where something was not, which is told.
            """)

    @Argument(help: "NAME[:TAG] of the image stream. The default tag is latest.") var name: String
    @Option(help: "The pull spec of the image, or the repository for --all.") var from: String?
    @Flag(help: "All tags of the repository, or of the image stream.") var all = false
    @Flag(help: "Make the image stream where there is none, or import it from another repository.") var confirm = false
    @Flag(help: "Look again and again whether the tags have moved.") var scheduled = false
    @Flag(help: "The registry may have a certificate that nobody trusts, or speak plain HTTP.") var insecure = false
    @Option(help: "source or local: where the image is to be pulled from. Default: what the tag says, or source.")
    var referencePolicy: ReferencePolicy?
    @Option(
        help: """
            Legacy takes one image out of an image for several platforms, PreserveOriginal all. Default: what the tag says, \
            or the server is set to.
            """)
    var importMode: ImportMode?
    @Option(name: [.short, .long], help: "Default: the namespace of the kubeconfig.") var namespace: String?
    @OptionGroup var place: ServerPlace

    enum ReferencePolicy: String, ExpressibleByArgument, CaseIterable { case source, local }
    enum ImportMode: String, ExpressibleByArgument, CaseIterable {
        case legacy = "Legacy"
        case preserveOriginal = "PreserveOriginal"
    }

    func run() async throws {
        let report = ImportReport()
        var tags: [ImportedTag] = []
        try await Failures.shown {
            let access = try place.access()
            var wish = try ImportWish(name, all: all, namespace: namespace ?? access.namespace)
            wish.from = from
            wish.isConfirmed = confirm
            wish.isScheduled = scheduled
            wish.isInsecure = insecure ? true : nil
            wish.referencePolicy = referencePolicy.map { $0 == .local ? "Local" : "Source" }
            wish.importMode = importMode?.rawValue
            let order = wish
            // What was imported before something went wrong stays, and is shown.
            let result = try await ServerSession.with(access) { session in
                var tags: [ImportedTag] = []
                do {
                    try await ImportRun(order, session).run(collecting: &tags) { report.show($0) }
                    return (tags, nil as (any Error)?)
                } catch {
                    return (tags, error)
                }
            }
            tags = result.0
            report.end(tags)
            if let error = result.1 { throw error }
        }
        if tags.contains(where: { $0.failure != nil }) { throw ExitCode(1) }
    }
}

/// What is shown of an import. The tags go to standard output at the end, all else to standard error.
struct ImportReport: Sendable {
    private let progress = ProgressLine()

    func show(_ event: ImportRun.Event) {
        switch event {
        case .listing(let repository): step("looking at \(repository)")
        case .progress(let done, let failed, let total):
            step("\(done) of \(total) tag\(total == 1 ? "" : "s")" + (failed > 0 ? ", \(failed) failed" : ""))
        case .warning(let text):
            progress.clear()
            say("warning: \(text)")
        }
    }

    /// On a terminal it replaces the step before.
    private func step(_ text: String) {
        if progress.isTerminal { progress.show(text, atOnce: true) } else { say(text) }
    }

    private func say(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

    func end(_ tags: [ImportedTag]) {
        progress.clear()
        for line in Self.table(tags, now: Timestamp(secondsSince1970: Int64(Date().timeIntervalSince1970))) {
            print(line)
        }
        let failed = tags.filter { $0.failure != nil }
        for tag in failed { say("error: tag \(tag.name) failed: \(tag.failure ?? "")") }
        if !failed.isEmpty { say("error: \(failed.count) of \(tags.count) not imported") }
    }

    /// The tags that were imported, as columns.
    static func table(_ tags: [ImportedTag], now: Timestamp) -> [String] {
        let rows = tags.compactMap { tag in
            tag.facts.map { facts in
                let size = facts.manifests > 0 ? "\(facts.manifests) images" : "\(ByteCount(facts.size))"
                let age = facts.created.isZero ? "" : HumanDuration.short(since: facts.created, now: now)
                return [tag.name, facts.digest, size, age]
            }
        }
        guard !rows.isEmpty else { return [] }
        let all = [["TAG", "IMAGE", "SIZE", "AGE"]] + rows
        let widths = (0..<3).map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
            let line = (cells + [row[3]]).joined(separator: "   ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
