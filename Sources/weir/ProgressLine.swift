import Foundation
import Synchronization

/// One line on the terminal that says how far a command is. There is none where standard error is no terminal.
final class ProgressLine: Sendable {
    let isTerminal = isatty(2) == 1

    private struct Shown {
        var width = 0
        var next = ContinuousClock.now
    }

    private let shown = Mutex(Shown())

    /// A few times a second, however often it is called.
    /// - Parameter atOnce: it is shown in any case.
    func show(_ text: @autoclosure () -> String, atOnce: Bool = false) {
        guard isTerminal else { return }
        shown.withLock { shown in
            guard atOnce || shown.next <= .now else { return }
            let text = text()
            let padding = String(repeating: " ", count: max(0, shown.width - text.count))
            FileHandle.standardError.write(Data("\r\(text)\(padding)".utf8))
            shown = Shown(width: text.count, next: .now + .milliseconds(100))
        }
    }

    func clear() {
        shown.withLock { shown in
            guard shown.width > 0 else { return }
            FileHandle.standardError.write(Data("\r\(String(repeating: " ", count: shown.width))\r".utf8))
            shown.width = 0
        }
    }
}

/// Bytes as people read them.
struct ByteCount: CustomStringConvertible {
    let bytes: Int64

    init(_ bytes: Int64) { self.bytes = bytes }

    var description: String {
        switch bytes {
        case ..<(1 << 20): "\(bytes) bytes"
        case ..<(10 << 30): "\(bytes >> 20) MiB"
        default: "\(bytes >> 30) GiB"
        }
    }
}
