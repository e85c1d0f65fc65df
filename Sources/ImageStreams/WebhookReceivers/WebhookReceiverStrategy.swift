import APIMachinery
import APIServer
import ImageAPI
import JSON

/// WebhookReceivers of `weir.dev/v1alpha1` (spec/users-want.md, section 6, 2).
struct WebhookReceiverStrategy: Strategy {
    static let kind = ObjectKind<WebhookReceiver>(
        descriptor: ResourceDescriptor(
            groupVersion: GroupVersion(group: "weir.dev", version: "v1alpha1"), name: "webhookreceivers",
            kind: WebhookReceiver.groupVersionKind, isNamespaced: true, isStored: true),
        keyPrefix: "/weir.dev/webhookreceivers/")

    static let maximumCount = 50

    /// Begins the addresses of receivers, such as `https://weir.example`; empty where that is not known.
    var publicURL: String
    let authorizer: any Authorizer
    /// The names of the receivers of a namespace.
    var names: @Sendable (_ namespace: String) async throws -> [String]

    var isNamespaced: Bool { true }
    var allowsUnconditionalUpdate: Bool { true }

    func applyDefaults(_ receiver: inout WebhookReceiver) {
        if let secret = receiver.spec.secret, secret.key.isEmpty { receiver.spec.secret?.key = "secret" }
    }

    func prepareForCreate(_ receiver: inout WebhookReceiver, _ context: RequestContext) async throws {
        receiver.metadata.generation = 1
        let token = WebhookToken.make(namespace: context.namespace, name: receiver.metadata.name)
        receiver.status = WebhookReceiverStatus(url: "\(publicURL)\(WebhookToken.path)?token=\(token)")
    }

    func validateForCreate(_ receiver: inout WebhookReceiver, _ context: RequestContext) async throws -> [FieldError] {
        if try await names(context.namespace).count >= Self.maximumCount {
            throw APIError.forbidden(
                Self.kind.descriptor.groupResource, receiver.metadata.name,
                "a namespace has at most \(Self.maximumCount) webhook receivers")
        }
        try await checkNamespaces(receiver, context)
        return ObjectMetaValidation.validate(receiver.metadata, isNamespaced: true, nameRule: NameRules.subdomain)
            + Self.validate(receiver.spec)
    }

    func prepareForUpdate(
        _ receiver: inout WebhookReceiver, old: WebhookReceiver, _ context: RequestContext
    ) async throws {
        receiver.status = old.status
        if receiver.spec.namespaces != old.spec.namespaces { try await checkNamespaces(receiver, context) }
        receiver.metadata.generation = old.metadata.generation + (receiver.spec == old.spec ? 0 : 1)
    }

    func validateForUpdate(
        _ receiver: inout WebhookReceiver, old: WebhookReceiver, _ context: RequestContext
    ) async throws -> [FieldError] { Self.validate(receiver.spec) }

    /// Who has the tags of other people's namespaces looked at must be allowed to import there.
    private func checkNamespaces(_ receiver: WebhookReceiver, _ context: RequestContext) async throws {
        if receiver.spec.namespaces.isEmpty { return }
        let attributes = AccessAttributes(
            verb: "create", group: "image.openshift.io", resource: "imagestreamimports", namespace: "", name: "")
        if try await authorizer.authorize(context.user, attributes).isAllowed { return }
        throw APIError.forbidden(
            Self.kind.descriptor.groupResource, receiver.metadata.name,
            "spec.namespaces: only who may create imagestreamimports in all namespaces can name any")
    }

    private static func validate(_ spec: WebhookReceiverSpec) -> [FieldError] {
        var errors: [FieldError] = []
        let types = WebhookPayload.Format.allCases.map(\.rawValue)
        if !types.contains(spec.type) {
            errors.append(.notSupported("spec.type", .string(spec.type), supported: types))
        }
        if let secret = spec.secret, secret.name.isEmpty { errors.append(.required("spec.secret.name")) }
        if spec.registry.utf8.count > 255 || spec.registry.contains("/") {
            errors.append(.invalid("spec.registry", .string(spec.registry), "must be a host, perhaps with a port"))
        }
        return errors + NamePatterns.faults(of: spec.streams, field: "spec.streams")
            + NamePatterns.faults(of: spec.namespaces, field: "spec.namespaces")
    }
}

/// The columns of WebhookReceivers. The address is not among them: lists are shown to many.
enum WebhookReceiverTable {
    static let columns = TableColumns<WebhookReceiver>(
        columns: [
            .init("Name", format: "name", description: TableColumns<WebhookReceiver>.nameDescription),
            .init("Type", description: WebhookReceiverSpec.schema.documentation(of: "type")),
            .init("Signed", type: "boolean", description: WebhookReceiverSpec.schema.documentation(of: "secret")),
            .init("Age", description: TableColumns<WebhookReceiver>.createdDescription),
        ],
        cells: { receiver, now in
            [
                .string(receiver.metadata.name), .string(receiver.spec.type),
                .bool(receiver.spec.secret != nil),
                .string(HumanDuration.short(since: receiver.metadata.creationTimestamp, now: now)),
            ]
        })
}

/// What the address of a receiver ends with: its names, so that it is found, and 256 random bits.
enum WebhookToken {
    static let path = "/hooks/images"

    static func make(namespace: String, name: String) -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = (0..<4).map { _ in
            let text = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }
        return "\(namespace).\(name).\(digits.joined())"
    }

    /// The receiver that a token names; it may be no such one's.
    static func names(_ token: String) -> (namespace: String, name: String)? {
        guard token.utf8.count <= 600, let first = token.firstIndex(of: "."), let last = token.lastIndex(of: "."),
            first < last
        else { return nil }
        return (String(token[..<first]), String(token[token.index(after: first)..<last]))
    }

    /// Compares in a time that does not tell where two texts differ.
    static func equal(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        guard left.count == right.count, !left.isEmpty else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
