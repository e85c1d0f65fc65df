/// How the collector works (spec/registry.md 5.6). Times are in milliseconds.
public struct CollectionSettings: Sendable {
    /// How long a blob that nothing refers to stays after it was used last, and again after it was given up.
    public var grace: Int64 = 86_400_000
    /// By how much the time of the last use may be wrong: uses are noted coarsely, and the last ones are lost in a crash
    /// (GC-3).
    public var window: Int64 = TouchLog.granularity + 60_000
    /// Manifests without a tag stay so long at least, whatever policies say: a push may be under way.
    public var minimumUntagged: Int64 = Self.minimumGrace
    /// How long blobs of images from elsewhere stay after they were pulled last; 0 for as long as a tag names them
    /// (PT-20).
    public var cachePeriod: Int64 = 2_592_000_000
    /// Bytes of such blobs, in one namespace and in all of the registry; those that were pulled last stay. 0 for no bound.
    public var cacheBytesOfNamespace: Int64 = 0
    public var cacheBytes: Int64 = 0
    /// The names of this registry in pull specs.
    public var ownHosts: Set<String> = []
    /// The time between two runs; 0 for none but those that are asked for.
    public var interval: Int64 = 3_600_000
    /// When runs may begin that nobody asks for; nil for at any time (GC-10).
    public var hours: DailyWindow?
    /// Uploads without a byte for so long are given up (U-4).
    public var uploadAge: Int64 = 604_800_000
    /// The time between two looks at all files, for those that a crash has left.
    public var orphanInterval: Int64 = 86_400_000
    /// Between the removal of rows and that of their bytes: requests that have just read a row finish noting that.
    public var settling: Duration = .seconds(2)
    /// Blobs that are removed at a time.
    public var wave = 20_000
    /// Rows that are read or written at a time.
    public var page = 1_000

    /// The shortest grace that is safe with clients as they are (GC-3).
    public static let minimumGrace: Int64 = 3_600_000

    public init() {}

    /// Whether blobs of images from elsewhere go before their tags do.
    var boundsCache: Bool { cachePeriod > 0 || cacheBytes > 0 || cacheBytesOfNamespace > 0 }

    /// A blob from elsewhere of so many bytes is more than may be kept of them.
    func exceedsCache(_ size: Int64) -> Bool {
        [cacheBytes, cacheBytesOfNamespace].contains { $0 > 0 && size > $0 }
    }

    /// What was used at a time is not used any more.
    func isOver(_ last: Int64, _ period: Int64, now: Int64) -> Bool {
        let (end, isTooLate) = last.addingReportingOverflow(period)
        return !isTooLate && end &+ window <= now
    }
}
