import Foundation
import JSON

/// What is shown of an export or import while it runs.
struct BundleReport: Sendable {
    let format: OutputFormat
    /// Standard output is for the bundle.
    let toErrors: Bool
    let progress = ProgressLine()

    init(format: OutputFormat, toErrors: Bool = false) {
        self.format = format
        self.toErrors = toErrors
    }

    func say(_ text: String, _ document: JSONValue) {
        progress.clear()
        let line = format == .json ? "\(document)" : text
        let handle = toErrors ? FileHandle.standardError : FileHandle.standardOutput
        handle.write(Data("\(line)\n".utf8))
    }

    /// Something that was asked for and does not go along.
    func problem(_ place: String, _ message: String) {
        say("left out: \(place): \(message)", ["problem": ["place": .string(place), "message": .string(message)]])
    }
}
