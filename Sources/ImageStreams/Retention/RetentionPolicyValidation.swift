import APIMachinery
import ImageAPI
import JSON

/// What a policy may say.
enum RetentionPolicyValidation {
    private static let durationText = "must be a duration such as 36h, 7d or 1d12h"

    /// - Parameter field: the path of the spec.
    static func validate(_ spec: RetentionPolicySpec, field: String) -> [FieldError] {
        var errors: [FieldError] = []
        let modes = RetentionRules.Mode.allCases.map(\.rawValue)
        if !spec.mode.isEmpty, !modes.contains(spec.mode) {
            errors.append(.notSupported("\(field).mode", .string(spec.mode), supported: modes))
        }
        errors += patterns(spec.streams, "\(field).streams") + patterns(spec.tags, "\(field).tags")
        errors += patterns(spec.protectedTags, "\(field).protectedTags")
        errors += spec.streamSelector?.validate(field: "\(field).streamSelector") ?? []
        if let keep = spec.keep { errors += validate(keep, field: "\(field).keep") }
        errors += duration(spec.expireTagsAfter, "\(field).expireTagsAfter")
        errors += duration(spec.interval, "\(field).interval")
        if !spec.untaggedAfter.isEmpty, RetentionRules.Untagged(spec.untaggedAfter) == nil {
            errors.append(
                .invalid("\(field).untaggedAfter", .string(spec.untaggedAfter), "\(durationText), or forever"))
        }
        return errors
    }

    private static func validate(_ keep: RetentionKeep, field: String) -> [FieldError] {
        var errors: [FieldError] = []
        // One that says nothing would leave every tag its newest image alone: who wants that says so.
        if keep.revisions == nil, keep.duration.isEmpty, keep.pulledWithin.isEmpty {
            errors.append(.required(field, "at least one of revisions, duration and pulledWithin"))
        }
        if let revisions = keep.revisions, revisions < 1 {
            errors.append(
                .invalid(
                    "\(field).revisions", .number(Int64(revisions)),
                    "must be at least 1: the newest image of a tag goes with the tag alone"))
        }
        return errors + duration(keep.duration, "\(field).duration")
            + duration(keep.pulledWithin, "\(field).pulledWithin")
    }

    private static func duration(_ text: String, _ field: String) -> [FieldError] {
        text.isEmpty || RetentionPeriod(text) != nil ? [] : [.invalid(field, .string(text), durationText)]
    }

    private static func patterns(_ patterns: [String], _ field: String) -> [FieldError] {
        NamePatterns.faults(of: patterns, field: field)
    }
}
