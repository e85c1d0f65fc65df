import APIMachinery
import APIServer
import ImageAPI
import ImageStreams

extension ImportScheduler {
    /// Events of one stream at a time: what one import did to hundreds of tags is told of some.
    private static let maximumEvents = 25

    /// Tells people of imports that failed in a new way, and of those that are good again: one event for each.
    func tell(_ transitions: [ImportSchedule.Transition]) async {
        if transitions.isEmpty { return }
        await publish(transitions)
        for (stream, all) in Dictionary(grouping: transitions, by: \.key.stream) {
            guard let uid = all.first?.uid else { continue }
            let object = ObjectReference(
                kind: ImageStream.groupVersionKind.kind, namespace: stream.namespace, name: stream.name, uid: uid,
                apiVersion: ImageStream.groupVersionKind.apiVersion)
            for transition in all.prefix(Self.maximumEvents) { await tell(transition, object) }
            let others = all.count - Self.maximumEvents
            guard others > 0 else { continue }
            await recorder.record(
                Occurrence(
                    .warning, of: object, reason: "ImportsChanged",
                    message: "the imports of \(others) more tags have failed or are good again: see their conditions"))
        }
    }

    /// For event sinks.
    private func publish(_ transitions: [ImportSchedule.Transition]) async {
        let context = context()
        var rest = transitions[...]
        while !rest.isEmpty {
            let rows = rest.prefix(1_000).map { transition in
                OutboxEvent.importRow(
                    namespace: transition.key.stream.namespace, stream: transition.key.stream.name,
                    streamUID: transition.uid, tag: transition.key.tag,
                    failure: transition.failure.map { ($0.reason, $0.message) }, actor: context.user.name,
                    now: context.now)
            }
            rest = rest.dropFirst(1_000)
            await attempt("events of imports could not be written") { try await records.publish(rows) }
        }
    }

    private func tell(_ transition: ImportSchedule.Transition, _ object: ObjectReference) async {
        let tag = "tag \(transition.key.tag): "
        guard let failure = transition.failure else {
            return await recorder.record(
                Occurrence(
                    .normal, of: object, reason: "ImportRecovered", message: tag + "\(transition.from) was imported"))
        }
        await recorder.record(
            Occurrence(.warning, of: object, reason: "ImportFailed", message: tag + failure.message))
    }
}
