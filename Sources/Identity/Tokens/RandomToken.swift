import APIMachinery

/// Secrets that nobody can guess.
public enum RandomToken {
    /// 256 random bits in the URL alphabet of base64: 43 characters.
    public static func secret() -> String {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        for _ in 0..<4 { withUnsafeBytes(of: generator.next()) { bytes += $0 } }
        return Base64URL.encode(bytes)
    }

    /// The token of the administrator, in the data directory.
    public static func administrator() -> String { "weir~" + secret() }
}
