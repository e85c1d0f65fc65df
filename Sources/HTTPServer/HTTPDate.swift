import APIMachinery
import Foundation
import Synchronization

/// The value of the `Date` header (RFC 9110, 5.6.7), made once a second.
enum HTTPDate {
    private struct Cached {
        var second: Int64 = .min
        var text = ""
    }

    private static let cached = Mutex(Cached())

    static var now: String {
        let second = Int64(Date().timeIntervalSince1970)
        return cached.withLock { cached in
            if cached.second != second {
                cached = Cached(second: second, text: Timestamp(secondsSince1970: second).httpDate)
            }
            return cached.text
        }
    }
}
