import APIMachinery
import APIServer

/// Events of core/v1 (spec/clients.md 0, row 11): what happened to objects, for a while.
enum EventRules {
    static let kind = ObjectKind<Event>(
        descriptor: ResourceDescriptor(
            groupVersion: GroupVersion(group: "", version: "v1"), name: "events", kind: Event.groupVersionKind,
            isNamespaced: true, shortNames: ["ev"], isStored: true),
        keyPrefix: "/core/events/", contents: .recent(bytes: 16 << 20), selectableFieldNames: selectable,
        selectableFields: { event in
            let object = event.involvedObject
            return [
                "involvedObject.kind": object.kind, "involvedObject.namespace": object.namespace,
                "involvedObject.name": object.name, "involvedObject.uid": object.uid,
                "involvedObject.apiVersion": object.apiVersion,
                "involvedObject.resourceVersion": object.resourceVersion,
                "involvedObject.fieldPath": object.fieldPath, "reason": event.reason,
                "reportingComponent": event.reportingComponent,
                "source": event.source.component.isEmpty ? event.reportingComponent : event.source.component,
                "type": event.type,
            ]
        })

    private static let selectable = [
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source", "type",
    ]
}

struct EventStrategy: Strategy {
    var isNamespaced: Bool { true }
    var allowsUnconditionalUpdate: Bool { true }

    func prepareForCreate(_ object: inout Event, _ context: RequestContext) async throws {}

    func validateForCreate(_ object: inout Event, _ context: RequestContext) async throws -> [FieldError] {
        EventValidation.validate(object)
    }

    func prepareForUpdate(_ object: inout Event, old: Event, _ context: RequestContext) async throws {}

    func validateForUpdate(
        _ object: inout Event, old: Event, _ context: RequestContext
    ) async throws -> [FieldError] {
        EventValidation.validate(object)
    }
}
