import APIMachinery
import APIServer
import ImageAPI
import JSON

/// EventSinks of `weir.dev/v1alpha1` (spec/users-want.md, section 6, 4): what users may change of one, its spec.
struct EventSinkStrategy: Strategy {
    static let kind = ObjectKind<EventSink>(
        descriptor: ResourceDescriptor(
            groupVersion: GroupVersion(group: "weir.dev", version: "v1alpha1"), name: "eventsinks",
            kind: EventSink.groupVersionKind, isNamespaced: true, isStored: true),
        keyPrefix: "/weir.dev/eventsinks/")

    /// Sinks of one namespace: each costs the server a task, and reads of its own.
    static let maximumCount = 50

    /// The names of the sinks of a namespace.
    var names: @Sendable (_ namespace: String) async throws -> [String]

    var isNamespaced: Bool { true }
    var allowsUnconditionalUpdate: Bool { true }

    func applyDefaults(_ sink: inout EventSink) {
        if sink.spec.format.isEmpty { sink.spec.format = EventSinkFormat.cloudEvents.rawValue }
        if let secret = sink.spec.secret, secret.key.isEmpty { sink.spec.secret?.key = "secret" }
    }

    func prepareForCreate(_ sink: inout EventSink, _ context: RequestContext) async throws {
        sink.metadata.generation = 1
        sink.status = EventSinkStatus()
    }

    func validateForCreate(_ sink: inout EventSink, _ context: RequestContext) async throws -> [FieldError] {
        if try await names(context.namespace).count >= Self.maximumCount {
            throw APIError.forbidden(
                Self.kind.descriptor.groupResource, sink.metadata.name,
                "a namespace has at most \(Self.maximumCount) event sinks")
        }
        return ObjectMetaValidation.validate(sink.metadata, isNamespaced: true, nameRule: NameRules.subdomain)
            + EventSinkValidation.validate(sink.spec, field: "spec")
    }

    func prepareForUpdate(_ sink: inout EventSink, old: EventSink, _ context: RequestContext) async throws {
        sink.status = old.status
        sink.metadata.generation = old.metadata.generation + (sink.spec == old.spec ? 0 : 1)
    }

    func validateForUpdate(
        _ sink: inout EventSink, old: EventSink, _ context: RequestContext
    ) async throws -> [FieldError] {
        EventSinkValidation.validate(sink.spec, field: "spec")
    }
}

/// `/status`: how the delivery goes.
struct EventSinkStatusStrategy: Strategy {
    var isNamespaced: Bool { true }
    var allowsUnconditionalUpdate: Bool { true }

    func prepareForCreate(_ object: inout EventSink, _ context: RequestContext) async throws {}
    func validateForCreate(_ object: inout EventSink, _ context: RequestContext) async throws -> [FieldError] { [] }

    func prepareForUpdate(_ sink: inout EventSink, old: EventSink, _ context: RequestContext) async throws {
        sink.spec = old.spec
    }

    func validateForUpdate(
        _ object: inout EventSink, old: EventSink, _ context: RequestContext
    ) async throws -> [FieldError] { [] }
}

/// How events are written for a sink.
public enum EventSinkFormat: String, Sendable, CaseIterable {
    case cloudEvents = "CloudEvents"
    case cloudEventsBinary = "CloudEventsBinary"
    case distribution = "Distribution"
}

/// What a sink may say.
enum EventSinkValidation {
    static let maximumURL = 2_048

    /// - Parameter field: the path of the spec.
    static func validate(_ spec: EventSinkSpec, field: String) -> [FieldError] {
        var errors: [FieldError] = []
        if spec.url.isEmpty {
            errors.append(.required("\(field).url"))
        } else if let fault = fault(ofURL: spec.url) {
            errors.append(.invalid("\(field).url", .string(spec.url), fault))
        }
        let formats = EventSinkFormat.allCases.map(\.rawValue)
        if !spec.format.isEmpty, !formats.contains(spec.format) {
            errors.append(.notSupported("\(field).format", .string(spec.format), supported: formats))
        }
        if let secret = spec.secret, secret.name.isEmpty { errors.append(.required("\(field).secret.name")) }
        for (name, patterns) in [("streams", spec.streams), ("tags", spec.tags), ("events", spec.events)] {
            errors += NamePatterns.faults(of: patterns, field: "\(field).\(name)")
        }
        return errors
    }

    /// What is wrong with a URL; nil for a good one. Whether its address may be reached is seen when it is.
    static func fault(ofURL text: String) -> String? {
        guard text.utf8.count <= maximumURL else { return "may not be more than \(maximumURL) bytes" }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return "must be of visible ASCII characters" }
        let lower = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: lower.hasPrefix) else {
            return "must begin with https:// or http://"
        }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if authority.isEmpty { return "must name a host" }
        if authority.contains("@") { return "may have no user or password: sign with a secret" }
        if rest.contains("#") { return "may have no fragment" }
        return nil
    }
}

extension NamePatterns {
    /// What is wrong with patterns.
    static func faults(of patterns: [String], field: String) -> [FieldError] {
        if patterns.count > maximumCount { return [.tooLong(field, "must have at most \(maximumCount) items")] }
        return patterns.enumerated().compactMap { index, pattern in
            if pattern.isEmpty || pattern == "!" {
                return .invalid("\(field)[\(index)]", .string(pattern), "must name something")
            }
            guard pattern.utf8.count > maximumLength else { return nil }
            return .tooLong("\(field)[\(index)]", "may not be more than \(maximumLength) bytes")
        }
    }
}
