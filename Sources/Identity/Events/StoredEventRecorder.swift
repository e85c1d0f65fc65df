import APIMachinery
import APIServer
import Crypto
import Foundation

/// Keeps what the server has to say of objects as events of their namespaces.
public struct StoredEventRecorder: EventRecorder {
    private let events: Events
    private let component: String
    private let context: @Sendable () -> RequestContext

    /// - Parameters:
    ///   - component: who reports, such as `import-controller`.
    ///   - context: makes the context of one write; its user is the server itself.
    public init(events: Events, component: String, context: @escaping @Sendable () -> RequestContext) {
        self.events = events
        self.component = component
        self.context = context
    }

    public func record(_ occurrence: Occurrence) async {
        var own = context()
        own.namespace = occurrence.object.namespace.isEmpty ? "default" : occurrence.object.namespace
        own.resource = EventRules.kind.descriptor.groupResource
        do {
            // Between the two somebody may be faster, or the event's time be over.
            for _ in 0..<3 {
                if try await raise(occurrence, own) { return }
                if try await create(occurrence, own) { return }
            }
        } catch {
            own.logger.warning(
                "an event was not recorded", metadata: ["reason": "\(occurrence.reason)", "error": "\(error)"])
        }
    }

    /// - Returns: false where there is no such event yet.
    private func raise(_ occurrence: Occurrence, _ context: RequestContext) async throws -> Bool {
        do {
            _ = try await events.objects.update(
                name(of: occurrence), strategy: EventStrategy(), options: WriteOptions(), context,
                change: ObjectChange(isPatch: true) { current in
                    var event = try current.object()
                    event.count = event.count == .max ? .max : event.count + 1
                    event.lastTimestamp = context.now
                    return event
                })
            return true
        } catch let error as APIError where error.reason == "NotFound" {
            return false
        }
    }

    /// - Returns: false where there is one already.
    private func create(_ occurrence: Occurrence, _ context: RequestContext) async throws -> Bool {
        let event = Event(
            metadata: ObjectMeta(name: name(of: occurrence)), involvedObject: occurrence.object,
            reason: occurrence.reason, message: Self.cut(occurrence.message),
            source: EventSource(component: component), firstTimestamp: context.now, lastTimestamp: context.now,
            count: 1, type: occurrence.kind.rawValue, reportingComponent: component)
        do {
            _ = try await events.objects.create(
                event, strategy: EventStrategy(), options: WriteOptions(), context)
            return true
        } catch let error as APIError where error.reason == "AlreadyExists" {
            return false
        }
    }

    /// The same for the same occurrence, whoever asks.
    func name(of occurrence: Occurrence) -> String {
        let object = occurrence.object
        let parts = [
            component, object.apiVersion, object.kind, object.namespace, object.name, object.uid,
            occurrence.kind.rawValue, occurrence.reason, Self.cut(occurrence.message),
        ]
        let hash = SHA256.hash(data: Data(parts.joined(separator: "\u{0}").utf8))
        let digits = hash.prefix(8).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        let name = NameRules.subdomain(object.name).isEmpty && object.name.utf8.count <= 200 ? object.name : "weir"
        return "\(name).\(digits)"
    }

    /// At most as long as events may be that say when exactly they happened, in whole characters.
    static func cut(_ text: String) -> String {
        guard text.utf8.count > EventValidation.messageLimit else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: EventValidation.messageLimit)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }
}
