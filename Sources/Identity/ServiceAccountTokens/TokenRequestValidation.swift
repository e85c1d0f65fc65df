import APIMachinery

/// The rules for requests of tokens.
enum TokenRequestValidation {
    /// More audiences than anybody has, and longer ones, would make tokens that no header takes.
    private static let maximumAudiences = 64
    private static let maximumAudienceBytes = 1024

    static func validate(_ request: TokenRequest) -> [FieldError] {
        var errors: [FieldError] = []
        if let seconds = request.spec.expirationSeconds {
            if seconds < 600 {
                errors.append(
                    .invalid(
                        "spec.expirationSeconds", .number(seconds), "may not specify a duration less than 10 minutes"))
            } else if seconds > 1 << 32 {
                errors.append(
                    .invalid(
                        "spec.expirationSeconds", .number(seconds),
                        "may not specify a duration larger than 2^32 seconds"))
            }
        }
        let audiences = request.spec.audiences
        if audiences.count > maximumAudiences {
            errors.append(.tooLong("spec.audiences", "may not have more than \(maximumAudiences) items"))
        }
        for (index, audience) in audiences.prefix(maximumAudiences).enumerated()
        where audience.isEmpty || audience.utf8.count > maximumAudienceBytes {
            errors.append(
                .invalid(
                    "spec.audiences[\(index)]", .string(String(audience.prefix(64))),
                    "must have 1 to \(maximumAudienceBytes) bytes"))
        }
        return errors
    }
}
