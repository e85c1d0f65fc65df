import APIMachinery

/// A workload that somebody reports (spec/clients.md 0, row 15): spec and status are kept as they came.
protocol Workload: APIObject {
    var spec: RawJSON { get set }
    var status: RawJSON { get set }
}

extension Pod: Workload {}
extension ReplicationController: Workload {}
extension Deployment: Workload {}
extension DaemonSet: Workload {}
extension ReplicaSet: Workload {}
extension StatefulSet: Workload {}
extension Job: Workload {}
extension CronJob: Workload {}
