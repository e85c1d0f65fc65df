import APIMachinery
import Testing

@testable import ImageStreams

@Suite("Cron expressions")
struct CronExpressionTests {
    private static func seconds(_ text: String) throws -> Int64 { try Timestamp(parsing: text).secondsSince1970 }

    @Test(
        "come next when they say",
        arguments: [
            ("* * * * *", "2026-11-22T08:00:30Z", "2026-11-22T08:01:00Z"),
            ("* * * * *", "2026-11-22T08:00:00Z", "2026-11-22T08:01:00Z"),
            ("0 3 * * *", "2026-11-22T02:59:59Z", "2026-11-22T03:00:00Z"),
            ("0 3 * * *", "2026-11-22T03:00:00Z", "2026-11-23T03:00:00Z"),
            ("*/15 * * * *", "2026-11-22T08:16:00Z", "2026-11-22T08:30:00Z"),
            ("5/20 8 * * *", "2026-11-22T08:06:00Z", "2026-11-22T08:25:00Z"),
            ("10-12,50 8 * * *", "2026-11-22T08:12:00Z", "2026-11-22T08:50:00Z"),
            ("0 0 1 * *", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("0 0 29 2 *", "2026-11-22T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"),
            // A Sunday.
            ("0 12 * * sun", "2026-11-22T08:00:00Z", "2026-11-22T12:00:00Z"),
            ("0 12 * * 7", "2026-11-22T12:00:00Z", "2026-11-29T12:00:00Z"),
            ("0 12 * * mon-fri", "2026-11-21T12:00:00Z", "2026-11-23T12:00:00Z"),
            // Either day will do where both are said.
            ("0 0 13 * fri", "2026-11-22T08:00:00Z", "2026-11-27T00:00:00Z"),
            ("0 0 1 jan *", "2026-11-22T08:00:00Z", "2027-01-01T00:00:00Z"),
            ("@hourly", "2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z"),
            ("@weekly", "2026-11-22T08:00:00Z", "2026-11-29T00:00:00Z"),
        ])
    func next(expression: String, after: String, next: String) throws {
        let cron = try #require(CronExpression(expression))
        #expect(cron.next(after: try Self.seconds(after)) == (try Self.seconds(next)))
    }

    @Test(
        "are refused where they say nothing, or what never comes",
        arguments: [
            "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *",
            "* * * * 8", "*/0 * * * *", "5-1 * * * *", "a * * * *", "1,,2 * * * *", "-1 * * * *", "1- * * * *",
            "0 0 30 2 *", "0 0 31 apr,jun *", "99999999999999999999 * * * *", "@never",
            String(repeating: "1,", count: 200) + "1 * * * *",
        ])
    func refused(text: String) {
        #expect(CronExpression(text) == nil)
    }
}

@Suite("How often scheduled tags are looked at")
struct ImportCadenceTests {
    @Test("an interval has a phase of its own, and comes once in each")
    func phases() throws {
        let cadence = ImportCadence(.every(900))
        var firsts: Set<Int64> = []
        for index in 0..<1_000 {
            let seed = StableHash.of("registry.example/app\(index):1")
            let first = try #require(cadence.occurrence(after: 0, seed: seed))
            #expect((1...900_000).contains(first))
            #expect(cadence.occurrence(after: first, seed: seed) == first + 900_000)
            #expect(cadence.occurrence(after: first - 1, seed: seed) == first)
            firsts.insert(first / 90_000)
        }
        #expect(firsts.count == 10 || firsts.count == 11, "they are spread")
    }

    @Test("jitter is within its bound, and the same for everybody who asks")
    func jitter() {
        let cadence = ImportCadence(.every(900), jitter: 60)
        let delays = (0..<200).map { cadence.delay(of: Int64($0) * 900_000, seed: 7) }
        #expect(delays.allSatisfy { (0..<60_000).contains($0) })
        #expect(Set(delays).count > 150)
        #expect(delays == (0..<200).map { cadence.delay(of: Int64($0) * 900_000, seed: 7) })
        #expect(ImportCadence(.every(900)).delay(of: 5, seed: 7) == 0)
    }

    @Test("cron comes no more often than the server lets it")
    func clamped() throws {
        let cron = try #require(CronExpression("* * * * *"))
        let cadence = ImportCadence(.cron(cron), minimum: 600)
        let first = try #require(cadence.following(0, seed: 1))
        #expect(first == 600_000)
        #expect(cadence.following(first, seed: 1) == 1_200_000)
    }
}

@Suite("What annotations say of imports")
struct ImportAnnotationTests {
    private static func settings() -> ImportSettings {
        var settings = ImportSettings()
        settings.minimumInterval = 120
        return settings
    }

    private static func read(
        _ tag: [String: String], stream: [String: String] = [:]
    ) -> ImportAnnotations {
        ImportAnnotations(tag: tag, stream: stream, settings: settings())
    }

    @Test("the tag comes before its stream, cron before an interval, and nothing is below the minimum")
    func precedence() throws {
        let cron = try #require(CronExpression("0 3 * * *"))
        #expect(Self.read([:]).cadence.rule == .every(900))
        #expect(Self.read(["weir.dev/import-interval": "2h"]).cadence.rule == .every(7_200))
        #expect(
            Self.read(["weir.dev/import-interval": "2h"], stream: ["weir.dev/import-interval": "3h"]).cadence.rule
                == .every(7_200))
        #expect(Self.read([:], stream: ["weir.dev/import-interval": "3h"]).cadence.rule == .every(10_800))
        #expect(
            Self.read(["weir.dev/import-interval": "2h", "weir.dev/import-cron": "0 3 * * *"]).cadence.rule
                == .cron(cron))
        let small = Self.read(["weir.dev/import-interval": "5s"])
        #expect(small.cadence.rule == .every(120))
        #expect(small.warnings == ["weir.dev/import-interval: this server lets 120s pass between two looks"])
        let often = Self.read(["weir.dev/import-cron": "* * * * *"])
        #expect(often.warnings == ["weir.dev/import-cron: this server lets 120s pass between two looks"])
        #expect(Self.read(["weir.dev/import-jitter": "5m"]).cadence.jitter == 300)
        #expect(Self.read(["weir.dev/import-jitter": "2h"]).cadence.jitter == 900, "no more than an interval")
    }

    @Test("retries", arguments: [("never", ImportRetries.never), ("default", .unlimited), ("3", .atMost(3))])
    func retries(text: String, expected: ImportRetries) {
        let read = Self.read(["weir.dev/import-retry": text])
        #expect(read.retries == expected && read.warnings.isEmpty)
    }

    @Test(
        "what means nothing is ignored, and said",
        arguments: [
            ["weir.dev/import-interval": "often"], ["weir.dev/import-cron": "0 0 30 2 *"],
            ["weir.dev/import-jitter": "-1s"], ["weir.dev/import-retry": "0"],
        ])
    func ignored(annotations: [String: String]) {
        let read = Self.read(annotations)
        #expect(read.warnings.count == 1 && read.warnings[0].contains("is ignored"))
        #expect(read.cadence == Self.read([:]).cadence && read.retries == .unlimited)
    }
}

@Suite("Classes of failed imports")
struct ImportFailureClassTests {
    @Test(
        "follow from the condition",
        arguments: [
            ("RateLimited", "x", ImportFailureClass.rateLimited), ("TooManyRequests", "x", .rateLimited),
            ("Timeout", "x", .transient), ("NotFound", "x", .lasting), ("Unauthorized", "x", .lasting),
            ("TLSUntrusted", "x", .lasting), ("Invalid", "from.name", .final), ("Forbidden", "blocked", .final),
            ("Forbidden", "requested usage exceeds the maximum limit per", .lasting),
            (
                "InternalError", "Internal error occurred: r: received unexpected HTTP status: 503 Service Unavailable",
                .transient
            ),
            (
                "InternalError",
                "Internal error occurred: r: Get \"u\": dial tcp 1.2.3.4:443: connect: connection refused", .transient
            ),
            (
                "InternalError", "Internal error occurred: r: denied: requested access to the resource is denied",
                .lasting
            ),
            (
                "InternalError", "Internal error occurred: r: name unknown: repository name not known to registry",
                .lasting
            ),
        ])
    func classes(reason: String, message: String, expected: ImportFailureClass) {
        #expect(ImportFailureClass(reason: reason, message: message) == expected)
    }

    @Test("conditions say more exactly what statuses call an internal error")
    func reasons() {
        func reason(_ code: Int32, _ reason: String, _ message: String) -> String {
            ImportCondition.reason(of: Status(status: "Failure", message: message, reason: reason, code: code))
        }
        #expect(reason(429, "TooManyRequests", "r: toomanyrequests: slow down") == "RateLimited")
        #expect(reason(500, "InternalError", "r: error parsing HTTP 429 response body: x: \"<html>\"") == "RateLimited")
        #expect(
            reason(500, "InternalError", "r: Get \"u\": tls: failed to verify certificate: x509: y") == "TLSUntrusted")
        #expect(reason(500, "InternalError", "r: Get \"u\": context deadline exceeded") == "Timeout")
        #expect(reason(500, "InternalError", "r: Get \"u\": EOF") == "InternalError")
        #expect(reason(404, "NotFound", "not found") == "NotFound")
    }

    @Test("the pauses grow, each class in its way")
    func delays() {
        let transient = (1...10).map { ImportFailureClass.transient.delay(attempt: $0, interval: 900) }
        #expect(transient == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900].map { $0 * 1_000 })
        #expect(ImportFailureClass.rateLimited.delay(attempt: 1, interval: 900) == 30_000)
        #expect(ImportFailureClass.lasting.delay(attempt: 1, interval: 900) == 600_000)
        #expect(ImportFailureClass.lasting.delay(attempt: 40, interval: 900) == 21_600_000)
        #expect(ImportFailureClass.final.delay(attempt: 1, interval: 900) == nil)
        #expect(ImportFailureClass.transient.delay(attempt: .max, interval: 900) == 900_000)
    }
}
