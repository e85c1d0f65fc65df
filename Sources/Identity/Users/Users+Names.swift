extension Users {
    /// Why somebody cannot be a user of this name; nil where they can.
    public static func problem(withName name: String) -> String? {
        if name.isEmpty { return "a name must not be empty" }
        if name.hasPrefix("#") || name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            return "may not begin with # or hold control characters"
        }
        return UserValidation.userName(name).first
    }
}
