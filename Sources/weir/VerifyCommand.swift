import ArgumentParser
import Configuration
import Foundation
import JSON
import Logging
import Registry
import Server

/// `weir verify`: whether all that the registry should have is there and right.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read all blobs again, and follow every reference.",
        discussion: """
            Asks the running server, which goes on working; with --offline the data directory of one that is stopped is \
            looked at. Nothing is changed without --repair or --quarantine.

            Ends with 0 where nothing is broken, with 3 where something is, with 1 where that could not be found out.
            """)

    @Option(help: "A YAML file with the settings of the server, for --offline.") var config: String?
    @Option(help: "The data directory of the server. Default: weir-data.") var dataDir: String?
    @Flag(help: "Work on the data directory of a server that is stopped.") var offline = false
    @Flag(help: "Do not read the bytes of blobs again: only look for what is missing.") var quick = false
    @Flag(
        help: """
            Bring records of blobs in line with the files: make those that are missing, correct sizes, drop those of blobs \
            that are gone, so that they can be pushed again.
            """)
    var repair = false
    @Flag(help: "Put damaged blobs aside, into _quarantine of the registry, so that they can be pushed again.")
    var quarantine = false
    @Flag(help: "Also tell of files without a record, which the collector sees to.") var all = false
    @Option(name: [.customShort("o"), .long], help: "text or json: a document a line, as they are found.")
    var output: OutputFormat = .text

    func run() async throws {
        let report = VerificationReport(format: output, showsAll: all)
        var tally = VerificationTally()
        try await Failures.shown {
            tally = offline ? try await verifyOffline(report) : try await verifyOnline(report)
            report.end(tally)
        }
        if tally.broken > 0 { throw ExitCode(3) }
    }

    private var request: RegistryVerifier.Request {
        var request = RegistryVerifier.Request()
        request.readsBytes = !quick
        request.repairs = repair
        request.quarantines = quarantine
        return request
    }

    private func verifyOnline(_ report: VerificationReport) async throws -> VerificationTally {
        let directory = try await OfflineCommand.configuration(config, dataDir: dataDir).dataDirectory
        return try await AdminClient.with(dataDirectory: directory) { api in
            try await api.verify(request) { report.show($0) }
        }
    }

    private func verifyOffline(_ report: VerificationReport) async throws -> VerificationTally {
        let configuration = try await OfflineCommand.configuration(config, dataDir: dataDir)
        return try await OfflineVerification.run(configuration, request, logger: OfflineCommand.logger()) {
            report.show($0)
        }
    }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

/// What is shown of a verification while it runs. Findings go to standard output, how far it is to the terminal.
struct VerificationReport: Sendable {
    let format: OutputFormat
    let showsAll: Bool
    private let progress = ProgressLine()

    init(format: OutputFormat, showsAll: Bool) {
        self.format = format
        self.showsAll = showsAll
    }

    func show(_ event: RegistryVerifier.Event) {
        switch event {
        case .finding(let finding):
            guard showsAll || finding.kind.isBroken else { return }
            progress.clear()
            switch format {
            case .text: print(finding.description)
            case .json: print(JSONValue.object(["finding": finding.json]))
            }
        case .progress(let tally):
            progress.show(
                "\(tally.blobs) blobs, \(ByteCount(tally.bytes)); \(tally.images) images; \(tally.broken) broken")
        }
    }

    func end(_ tally: VerificationTally) {
        progress.clear()
        guard format == .text else { return print(JSONValue.object(["result": tally.json])) }
        print(
            "\(tally.blobs) blobs, \(ByteCount(tally.bytes)); \(tally.streams) image streams with \(tally.events) entries "
                + "of history and \(tally.images) images; \(tally.links) links")
        let repaired = tally.repaired > 0 ? ", \(tally.repaired) repaired" : ""
        print(tally.broken == 0 ? "nothing is broken\(repaired)" : "\(tally.broken) broken\(repaired)")
    }
}
