import APIMachinery
import APIServer
import OCI

/// Blobs, each once, and their bytes.
struct StorageSum: Sendable {
    private(set) var digests = DigestSet(capacity: 12)
    private(set) var bytes: Int64 = 0

    func contains(_ digest: Digest) -> Bool { digests.contains(digest) }

    /// - Returns: whether it is new.
    @discardableResult
    mutating func add(_ digest: Digest, _ size: Int64) -> Bool {
        guard digests.insert(digest) else { return false }
        let (sum, isTooMuch) = bytes.addingReportingOverflow(max(0, size))
        bytes = isTooMuch ? .max : sum
        return true
    }
}

/// What is known of the bytes of one namespace. Pure.
struct StorageTally: Sendable {
    private struct Claim {
        var size: Int64
        var holders: Int
    }

    enum Outcome: Sendable {
        case reserved([Digest: Int64])
        /// - Parameter isSure: nothing has gone since the count.
        case refused(String, isSure: Bool)
        case uncounted
    }

    /// Of the namespace.
    let uid: String
    private var sum = StorageSum()
    /// Blobs that are being linked.
    private var claims: [Digest: Claim] = [:]
    /// What came while links are being counted: the count may have missed it. Nil while none goes on.
    private var arrivals: [Digest: Int64]?
    private var isCounted = false
    /// What comes of the count that goes on is not right.
    private var isReset = false
    /// Something has gone since the count.
    var isTooHigh = false

    init(uid: String) { self.uid = uid }

    var bytes: Int64 { sum.bytes }
    var isRight: Bool { isCounted && !isTooHigh }
    /// Whether nobody is at work on it.
    var isIdle: Bool { claims.isEmpty && arrivals == nil }

    // MARK: Claims

    /// Holds room for those of the blobs that are new, if each bound leaves it.
    mutating func reserve(_ blobs: [Digest: Int64], within bounds: [StorageBound]) -> Outcome {
        guard isCounted else { return .uncounted }
        let fresh = blobs.filter { !sum.contains($0.key) }
        let asked = fresh.reduce(0 as Int64) { claims[$1.key] == nil ? Self.sum($0, $1.value) : $0 }
        let used = used
        if asked > 0, let bound = bounds.first(where: { Self.amount(Self.sum(used, asked)).exceeds($0.hard) }) {
            return .refused(Self.refusal(by: bound, asked: asked, used: used), isSure: !isTooHigh)
        }
        for (digest, size) in fresh { claims[digest, default: Claim(size: size, holders: 0)].holders += 1 }
        return .reserved(fresh)
    }

    /// Whether a blob will be refused when it is complete; holds nothing.
    /// - Parameter digest: nil where it is not known: one that is not larger than all there is may be there.
    func foresee(_ bytes: Int64, as digest: Digest?, within bounds: [StorageBound]) -> Outcome {
        guard isCounted else { return .uncounted }
        let mayBeThere = digest.map { sum.contains($0) || claims[$0] != nil } ?? (bytes <= used)
        let total = Self.sum(used, bytes)
        guard !mayBeThere, let bound = bounds.first(where: { Self.amount(total).exceeds($0.hard) }) else {
            return .reserved([:])
        }
        return .refused(Self.refusal(by: bound, asked: bytes, used: used), isSure: !isTooHigh)
    }

    /// With what is being linked.
    private var used: Int64 { claims.values.reduce(sum.bytes) { Self.sum($0, $1.size) } }

    mutating func release(_ digests: some Sequence<Digest>) {
        for digest in digests {
            claims[digest]?.holders -= 1
            if claims[digest]?.holders == 0 { claims[digest] = nil }
        }
    }

    /// Blobs are linked by now, those that were there before too.
    /// - Returns: whether there are more.
    mutating func add(_ blobs: [Digest: Int64]) -> Bool {
        var isMore = false
        for (digest, size) in blobs {
            if sum.add(digest, size) { isMore = true }
            arrivals?[digest] = size
        }
        return isMore
    }

    /// In the words of quotas on objects (spec/image-resources.md 19.1).
    private static func refusal(by bound: StorageBound, asked: Int64, used: Int64) -> String {
        let name = StorageBound.quotaName
        return "exceeded quota: \(bound.name), requested: \(name)=\(amount(asked)), used: \(name)=\(amount(used)), "
            + "limited: \(name)=\(bound.hard)"
    }

    private static func amount(_ bytes: Int64) -> Quantity { Quantity(bytes, format: .binarySI) }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, isTooMuch) = left.addingReportingOverflow(max(0, right))
        return isTooMuch ? .max : sum
    }

    // MARK: Counts

    /// Says that something is there that was not added.
    mutating func reset() {
        isCounted = false
        isReset = true
    }

    mutating func beginCount() {
        isReset = false
        isTooHigh = false
        arrivals = [:]
    }

    mutating func endCount(_ found: StorageSum) {
        sum = found
        for (digest, size) in arrivals ?? [:] { sum.add(digest, size) }
        arrivals = nil
        isCounted = !isReset
    }

    mutating func giveUpCount() {
        arrivals = nil
        isCounted = false
    }
}
