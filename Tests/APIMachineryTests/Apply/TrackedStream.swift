import ImageAPI
import JSON
import Testing

@testable import APIMachinery

/// An image stream as a server keeps it, as far as managed fields are concerned: decoding with defaults, the field
/// manager, and a strategy that only numbers tags.
struct TrackedStream {
    static let fields = FieldManager(schema: ImageStream.schema, identity: ImageStream.groupVersionKind)
    static let statusFields = FieldManager(
        schema: ImageStream.schema, identity: ImageStream.groupVersionKind, subresource: "status")

    var stream: ImageStream?
    var now = Timestamp(secondsSince1970: 1_000)

    var managers: [ManagedFieldsEntry] { stream?.metadata.managedFields ?? [] }

    var state: FieldManager.State? {
        get throws { try stream.map { FieldManager.State(try Self.document($0), managers: $0.metadata.managedFields) } }
    }

    /// `manager/operation[/subresource]: fieldsV1` of every entry.
    var owners: [String] {
        managers.map { entry in
            let place = entry.subresource.isEmpty ? "" : "/\(entry.subresource)"
            let fields = String(decoding: entry.fieldsV1?.bytes ?? [], as: UTF8.self)
            return "\(entry.manager)/\(entry.operation)\(place): \(fields)"
        }
    }

    func fields(of manager: String) -> String? {
        managers.first { $0.manager == manager }.map { String(decoding: $0.fieldsV1?.bytes ?? [], as: UTF8.self) }
    }

    func time(of manager: String) -> Int64? {
        managers.first { $0.manager == manager }?.time?.secondsSince1970
    }

    static func document(_ stream: ImageStream) throws -> JSONValue { try JSONValue.parse(stream.jsonBytes()) }

    static func decode(_ document: JSONValue) throws -> ImageStream {
        var stream = try ImageStream.decode(document.jsonBytes())
        stream.applyDefaults(importMode: "Legacy")
        return stream
    }

    mutating func create(_ text: String, as manager: String) throws {
        var new = try Self.decode(try JSONValue.parse(text))
        new.metadata.managedFields = Self.fields.update(
            old: nil, oldManagers: [], new: new.jsonBytes(), manager: manager, now: now)
        new.metadata.uid = "u"
        store(new)
    }

    /// A PUT of a document, or what a patch made of one.
    mutating func put(
        _ document: JSONValue, as manager: String, fields: FieldManager = TrackedStream.fields
    ) throws {
        var new = try Self.decode(document)
        new.metadata.managedFields = fields.update(
            old: stream?.jsonBytes(), oldManagers: managers, new: new.jsonBytes(),
            submitted: .init(new.metadata.managedFields, in: document), manager: manager, now: now)
        store(new)
    }

    mutating func merge(
        _ patch: String, as manager: String, fields: FieldManager = TrackedStream.fields
    ) throws {
        let old = try Self.document(try #require(stream))
        try put(MergePatch.apply(try JSONValue.parse(patch), to: old), as: manager, fields: fields)
    }

    /// - Returns: whether there was something to write.
    @discardableResult
    mutating func apply(
        _ configuration: String, as manager: String, force: Bool = false, fields: FieldManager = TrackedStream.fields
    ) throws -> Bool {
        var patch = try JSONValue.parse(configuration)
        if patch["kind"] == nil {
            patch["kind"] = "ImageStream"
            patch["apiVersion"] = "image.openshift.io/v1"
        }
        let old = try state
        let whole = Result { try fields.apply(old: old, patch: patch, manager: manager, force: force, now: now) }
        try expectSamePartly(whole, patch, manager, force, fields)
        let applied = try whole.get()
        var new = try Self.decode(applied.document)
        new.metadata.managedFields = applied.managers
        if stream == nil { new.metadata.uid = "u" }
        let isWritten = applied.isChanged || applied.managers != managers
        store(new)
        return isWritten
    }

    /// The members that an apply can touch are enough to apply to them.
    private func expectSamePartly(
        _ whole: Result<FieldManager.Applied, any Error>, _ patch: JSONValue, _ manager: String, _ force: Bool,
        _ fields: FieldManager
    ) throws {
        guard var part = try state, case .object(let members) = part.document,
            let touched = fields.touchedMembers(by: patch, manager: manager, managers: managers)
        else { return }
        func cut(_ document: JSONValue) -> JSONValue {
            guard case .object(let members) = document else { return document }
            let identity: Set = ["kind", "apiVersion"]
            return .object(
                JSONObject(
                    members: members.filter { touched.union(identity).contains($0.key) }.map { ($0.key, $0.value) }))
        }
        part.document = cut(.object(members))
        let applied = Result { try fields.apply(old: part, patch: patch, manager: manager, force: force, now: now) }
        switch (applied, whole) {
        case (.success(let applied), .success(let whole)):
            #expect(applied.document == cut(whole.document))
            #expect(applied.managers == whole.managers && applied.isChanged == whole.isChanged)
        case (.failure(let error), .failure(let expected)): #expect("\(error)" == "\(expected)")
        default: Issue.record("\(applied) instead of \(whole)")
        }
    }

    private mutating func store(_ new: ImageStream) {
        var new = new
        for index in new.spec.tags.indices where new.spec.tags[index].generation == nil {
            new.spec.tags[index].generation = 1
        }
        stream = new
        now = Timestamp(secondsSince1970: now.secondsSince1970 + 1)
    }
}

/// One tag as configurations write it.
func tag(_ name: String, _ image: String = "registry.example/app:1") -> String {
    #"{"name":"\#(name)","reference":true,"from":{"kind":"DockerImage","name":"\#(image)"}}"#
}
