/// Which image of a list is taken where only one can be kept (`spec/import-and-controllers.md` A.16).
public enum PlatformChoice {
    /// The first entry for the wanted platform, else the first for linux/amd64, else the first. Nil for an empty list.
    /// Variants and OS versions are not looked at.
    public static func choose(from entries: [Descriptor], architecture: String, os: String) -> Descriptor? {
        first(of: entries, architecture, os) ?? first(of: entries, "amd64", "linux") ?? entries.first
    }

    private static func first(of entries: [Descriptor], _ architecture: String, _ os: String) -> Descriptor? {
        entries.first { $0.platform?.architecture == architecture && $0.platform?.os == os }
    }
}
