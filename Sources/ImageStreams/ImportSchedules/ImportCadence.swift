/// How often a scheduled tag is looked at. Pure.
public struct ImportCadence: Hashable, Sendable {
    public enum Rule: Hashable, Sendable {
        /// Seconds.
        case every(Int64)
        case cron(CronExpression)
    }

    public var rule: Rule
    /// Each time comes up to so many seconds later than the rule says; which, depends on the tag and on the time alone.
    public var jitter: Int64
    /// Seconds between two looks at least.
    public var minimum: Int64

    public init(_ rule: Rule, jitter: Int64 = 0, minimum: Int64 = 1) {
        self.rule = rule
        self.jitter = jitter
        self.minimum = minimum
    }

    /// Milliseconds since 1970 of the first time after another, without the jitter; nil for never.
    ///
    /// - Parameter seed: what tells things of equal rules apart. Intervals begin at a moment that depends on it, so that
    ///   a thousand tags are not all looked at together; at the same one after a restart.
    public func occurrence(after time: Int64, seed: UInt64) -> Int64? {
        switch rule {
        case .every(let seconds):
            let interval = max(1, seconds) * 1_000
            let phase = Int64(seed % UInt64(interval))
            let since = time - phase
            let count = since >= 0 ? since / interval : -((-since + interval - 1) / interval)
            return phase + (count + 1) * interval
        case .cron(let expression):
            let seconds = time >= 0 ? time / 1_000 : 0
            return expression.next(after: seconds).map { $0 * 1_000 }
        }
    }

    /// The next time after a look.
    public func following(_ time: Int64, seed: UInt64) -> Int64? {
        guard case .cron = rule else { return occurrence(after: time, seed: seed) }
        return occurrence(after: time + (minimum - 1) * 1_000, seed: seed)
    }

    /// How much later than the rule says an occurrence comes, in milliseconds.
    public func delay(of occurrence: Int64, seed: UInt64) -> Int64 {
        guard jitter > 0 else { return 0 }
        return Int64(StableHash.mix(seed, UInt64(bitPattern: occurrence)) % UInt64(jitter * 1_000))
    }

    /// Milliseconds that things which were missed are spread over.
    public var catchUpWindow: Int64 {
        let longest: Int64 = 300
        if case .every(let seconds) = rule { return min(max(1, seconds), longest) * 1_000 }
        return longest * 1_000
    }
}

/// Hashes that are the same in every process.
public enum StableHash {
    /// FNV-1a.
    public static func of(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return mix(hash, 0)
    }

    /// Two numbers to one, all of whose bits depend on all of theirs.
    public static func mix(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var value = first &+ second &* 0x9e37_79b9_7f4a_7c15
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
