import APIMachinery
import APIServer
import Importing

/// Tells the owners of pull secrets that cannot be read of it, by an event of the secret: once an hour for each as it
/// is, however many imports meet it. A class because all imports share what was told.
final class BrokenSecretReports: Sendable {
    private static let pause: Duration = .seconds(3_600)

    private let recorder: any EventRecorder
    private let told = RecentCache<BrokenPullSecret, ContinuousClock.Instant>(capacity: 1_000)

    init(_ recorder: any EventRecorder) { self.recorder = recorder }

    func tell(_ secrets: [BrokenPullSecret]) async {
        for secret in secrets {
            if let last = told[secret], last + Self.pause > .now { continue }
            told[secret] = .now
            let object = ObjectReference(
                kind: "Secret", namespace: secret.namespace, name: secret.name, uid: secret.uid, apiVersion: "v1")
            await recorder.record(
                Occurrence(.warning, of: object, reason: "PullSecretUnreadable", message: secret.description))
        }
    }
}
