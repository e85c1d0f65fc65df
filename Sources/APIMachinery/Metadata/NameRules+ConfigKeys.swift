extension NameRules {
    /// A key of the data of secrets and config maps, which may become the name of a file.
    public static func configKey(_ text: String) -> [String] {
        var messages: [String] = []
        if text.utf8.count > 253 { messages.append("must be no more than 253 characters") }
        if text.isEmpty || !text.utf8.allSatisfy(isConfigKeyByte) {
            messages.append(
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
            )
        }
        if text == "." {
            messages.append("must not be '.'")
        } else if text == ".." {
            messages.append("must not be '..'")
        } else if text.utf8.starts(with: "..".utf8) {
            messages.append("must not start with '..'")
        }
        return messages
    }

    private static func isConfigKeyByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
