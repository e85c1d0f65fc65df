import APIMachinery
import ImageAPI

/// What an installation decides about imports that nobody asks for by a request.
public struct ImportSettings: Sendable, Hashable {
    /// Whether scheduled tags are looked at again at all.
    public var isScheduleEnabled = true
    /// Seconds between two looks at a scheduled tag that does not say.
    public var interval: Int64 = 900
    /// Seconds that may lie between two looks at least, whatever a tag says.
    public var minimumInterval: Int64 = 60
    /// Imports that the schedule makes in a minute at most; 0 for no bound. Looking does not count.
    public var importsPerMinute = 0

    public init() {}
}

/// What a tag, or else its stream, says by annotations of how it is imported again.
struct ImportAnnotations {
    var cadence: ImportCadence
    var retries: ImportRetries
    /// What could not be understood, or is not done as it says: for the user.
    var warnings: [String] = []

    private static let intervalText = "must be a duration such as 2m, 24h or 7d"

    /// - Parameter stream: the annotations of the stream, for what the tag does not say.
    init(tag: [String: String], stream: [String: String], settings: ImportSettings) {
        cadence = ImportCadence(
            .every(max(settings.interval, settings.minimumInterval)), minimum: settings.minimumInterval)
        retries = .unlimited
        func value(_ key: String) -> String? { tag[key] ?? stream[key] }
        if let text = value(KnownAnnotation.importInterval) { readInterval(text, settings) }
        if let text = value(KnownAnnotation.importCron) {
            if let cron = CronExpression(text) {
                cadence.rule = .cron(cron)
                warnBelowMinimum(cron, settings)
            } else {
                warn(KnownAnnotation.importCron, text, "must be five fields of cron, such as 0 3 * * *")
            }
        }
        if let text = value(KnownAnnotation.importJitter) {
            if let period = RetentionPeriod(text), period.seconds <= 86_400 {
                cadence.jitter = period.seconds
                if case .every(let seconds) = cadence.rule { cadence.jitter = min(period.seconds, seconds) }
            } else {
                warn(KnownAnnotation.importJitter, text, "\(Self.intervalText), and at most 24h")
            }
        }
        if let text = value(KnownAnnotation.refreshOnPull), RetentionPeriod(text) == nil {
            warn(KnownAnnotation.refreshOnPull, text, Self.intervalText)
        }
        if let text = value(KnownAnnotation.importRetry) {
            if let value = ImportRetries(text) {
                retries = value
            } else {
                warn(KnownAnnotation.importRetry, text, "must be never, default or a number from 1 on")
            }
        }
    }

    private mutating func readInterval(_ text: String, _ settings: ImportSettings) {
        guard let period = RetentionPeriod(text) else {
            return warn(KnownAnnotation.importInterval, text, Self.intervalText)
        }
        cadence.rule = .every(max(period.seconds, settings.minimumInterval))
        if period.seconds < settings.minimumInterval {
            warnings.append(
                "\(KnownAnnotation.importInterval): this server lets \(settings.minimumInterval)s pass between two looks"
            )
        }
    }

    private mutating func warnBelowMinimum(_ cron: CronExpression, _ settings: ImportSettings) {
        // A year's worth would be exact; a few show what people write.
        var time: Int64 = 0
        for _ in 0..<64 {
            guard let next = cron.next(after: time) else { return }
            if time > 0, next - time < settings.minimumInterval {
                warnings.append(
                    "\(KnownAnnotation.importCron): this server lets \(settings.minimumInterval)s pass between two looks"
                )
                return
            }
            time = next
        }
    }

    private mutating func warn(_ key: String, _ value: String, _ rule: String) {
        warnings.append("\(key): \(goQuoted(String(value.prefix(64)))) is ignored: it \(rule)")
    }

    /// The warnings of a write: of those annotations that it brings or changes, each once.
    static func warnings(for new: ImageStream, old: ImageStream?, settings: ImportSettings) -> [String] {
        func own(_ annotations: [String: String]) -> [String: String] {
            annotations.filter { KnownAnnotation.importKeys.contains($0.key) }
        }
        var texts: [String] = []
        let stream = own(new.metadata.annotations)
        if !stream.isEmpty, stream != own(old?.metadata.annotations ?? [:]) {
            texts += ImportAnnotations(tag: [:], stream: stream, settings: settings).warnings
        }
        for tag in new.spec.tags where !tag.annotations.isEmpty {
            let annotations = own(tag.annotations)
            guard !annotations.isEmpty, annotations != own(old?.spec.tag(tag.name)?.annotations ?? [:]) else {
                continue
            }
            texts += ImportAnnotations(tag: annotations, stream: [:], settings: settings).warnings
                .map { "spec.tags[\(tag.name)].annotations: \($0)" }
            if texts.count >= 20 { break }
        }
        return texts
    }
}

/// How often a failed import is tried again.
public enum ImportRetries: Hashable, Sendable {
    case never
    case unlimited
    case atMost(Int)

    /// - Returns: nil for what is none of `never`, `default` and a number.
    init?(_ text: String) {
        switch text {
        case "never": self = .never
        case "default": self = .unlimited
        default:
            guard text.utf8.count <= 6, let count = Int(text), count > 0 else { return nil }
            self = .atMost(count)
        }
    }

    /// Whether there is a retry of that number, from 1 on.
    public func allows(_ attempt: Int) -> Bool {
        switch self {
        case .never: false
        case .unlimited: true
        case .atMost(let count): attempt <= count
        }
    }
}
