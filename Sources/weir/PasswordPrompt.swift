import Foundation
import Server

/// Reads a password without showing it.
enum PasswordPrompt {
    /// From the terminal, twice; or the first line of standard input where that is none.
    static func read(for user: String) throws -> String {
        guard isatty(STDIN_FILENO) == 1 else { return readLine(strippingNewline: true) ?? "" }
        let first = hidden("Password of \(user): ")
        guard first == hidden("The same again: ") else {
            throw CommandFailure(description: "the passwords differ")
        }
        return first
    }

    private static func hidden(_ prompt: String) -> String {
        FileHandle.standardError.write(Data(prompt.utf8))
        var old = termios()
        tcgetattr(STDIN_FILENO, &old)
        var quiet = old
        quiet.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &old)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        return readLine(strippingNewline: true) ?? ""
    }
}
