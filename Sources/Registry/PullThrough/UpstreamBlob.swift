import Importing
import OCI

/// A blob elsewhere, in all places that may have it (spec/registry.md PT-15).
struct UpstreamBlob: Sendable {
    let digest: Digest
    /// Bytes, as the first place says.
    let size: Int64
    /// The first one has it; never empty.
    let places: [UpstreamSource]
    let session: UpstreamSession
    let health: UpstreamHealth

    var source: UpstreamSource { places[0] }

    /// Bytes that begin to come.
    struct Begun: Sendable {
        fileprivate let download: UpstreamDownload
        fileprivate let place: Int
    }

    /// How often one place is asked for the rest.
    private static let maximumResumptions = 10
    /// Who has sent nothing for so long has not lost a connection.
    private static let stall: Duration = .seconds(20)

    /// Begins to fetch bytes from the first place that gives any.
    /// - Throws: what the last one says.
    func begin(_ range: Range<Int64>, from first: Int = 0) async throws(UpstreamSession.Failure) -> Begun {
        var failure = UpstreamSession.Failure("there is no place to fetch it from")
        for (number, place) in places.enumerated().dropFirst(first) {
            do {
                let download = try await health.asking(place) { () async throws(UpstreamSession.Failure) in
                    try await session.download(
                        digest, in: place.repository, isInsecure: place.isInsecure,
                        range: range == 0..<size ? nil : range)
                }
                return Begun(download: download, place: number)
            } catch { failure = error }
        }
        throw failure
    }

    /// Hands bytes to `consume`, piece after piece and no others than these. A place that breaks off is asked for the rest,
    /// unless it sends by drops or stopped sending: clients would wait as long once more. Then the next one is asked.
    ///
    /// Nothing is verified.
    /// - Parameter begun: where somebody has looked before whether they come.
    /// - Throws: what the last place says, also where one sends more than there is, and what `consume` throws.
    func read(
        _ range: Range<Int64>, _ begun: Begun? = nil, _ consume: ([UInt8]) async throws -> Void
    ) async throws {
        var begun = begun
        var place = begun?.place ?? 0
        var (offset, resumptions) = (range.lowerBound, 0)
        while offset < range.upperBound {
            let current: Begun
            if let begun { current = begun } else { current = try await begin(offset..<range.upperBound, from: place) }
            begun = nil
            if current.place != place { (place, resumptions) = (current.place, 0) }
            let start = offset
            // What comes before the range, from who sends all.
            var unwanted = current.download.isPartial ? 0 : offset
            var (pace, last) = (Pace(), ContinuousClock.now)
            var (isSlow, isRefused) = (false, false)
            do {
                try await current.download.read { bytes in
                    isSlow = !pace.allows(bytes.count, after: .now - last)
                    guard !isSlow else { throw UpstreamSession.Failure("it sends too slowly") }
                    let skipped = min(unwanted, Int64(bytes.count))
                    unwanted -= skipped
                    var piece = bytes[Int(skipped)...]
                    let left = range.upperBound - offset
                    if Int64(piece.count) > left {
                        // It is another blob, or sends all where a part was asked for.
                        guard range.upperBound < size else {
                            isRefused = true
                            throw UpstreamSession.Failure("it sends more than \(size) bytes")
                        }
                        piece = piece.prefix(Int(left))
                    }
                    if !piece.isEmpty {
                        do { try await consume(piece.count == bytes.count ? bytes : Array(piece)) } catch {
                            isRefused = true
                            throw error
                        }
                    }
                    offset += Int64(piece.count)
                    last = .now
                    if offset == range.upperBound, offset < size { throw Enough() }
                }
                if offset == range.upperBound { return }
                throw UpstreamSession.Failure("it sent \(offset - start) of \(range.upperBound - start) bytes")
            } catch is Enough {
                return
            } catch {
                try Task.checkCancellation()
                if isRefused { throw error }
                if offset == range.upperBound { return }
                let hasStalled = .now - last > Self.stall
                // Who breaks off before anything comes does so a few times at most.
                resumptions += offset > start ? 1 : 4
                if !isSlow, !hasStalled, resumptions <= Self.maximumResumptions { continue }
                place += 1
                resumptions = 0
                guard place < places.count else { throw error }
            }
        }
    }

    /// All of a part is here, whatever else comes.
    private struct Enough: Error {}
}
