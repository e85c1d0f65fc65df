import APIMachinery

/// The rules of core/v1 for events.
enum EventValidation {
    /// Characters of names and reasons of events that say when exactly they happened.
    private static let nameLimit = 128
    static let messageLimit = 1_024
    /// The reference has no bound for events of the old kind. A store of them needs one.
    private static let oldMessageBytes = 64 << 10

    static func validate(_ event: Event) -> [FieldError] {
        var errors: [FieldError] = []
        let namespace = event.involvedObject.namespace
        // Events of objects without a namespace live in the default one.
        let isOwn = namespace.isEmpty ? event.metadata.namespace == "default" : namespace == event.metadata.namespace
        if !isOwn {
            errors.append(
                .invalid("involvedObject.namespace", .string(namespace), "does not match event.namespace"))
        }
        if !event.eventTime.isZero { errors += validateExact(event) }
        if event.message.utf8.count > oldMessageBytes {
            errors.append(.tooLong("message", "may not be more than \(oldMessageBytes) bytes"))
        }
        return errors
    }

    /// Those that carry a time in microseconds also say who reports them, and what they did.
    private static func validateExact(_ event: Event) -> [FieldError] {
        var errors: [FieldError] = []
        func limit(_ field: String, _ text: String, _ limit: Int) {
            guard text.utf8.count > limit else { return }
            errors.append(.invalid(field, "", "can have at most \(limit) characters"))
        }
        if event.reportingComponent.isEmpty { errors.append(.required("reportingComponent")) }
        errors += NameRules.qualifiedName(event.reportingComponent).map {
            .invalid("reportingComponent", .string(event.reportingComponent), $0)
        }
        for (field, text) in [
            ("reportingInstance", event.reportingInstance), ("action", event.action), ("reason", event.reason),
        ] {
            if text.isEmpty { errors.append(.required(field)) }
            limit(field, text, nameLimit)
        }
        limit("message", event.message, messageLimit)
        return errors
    }
}
