import APIMachinery
import APIServer
import Crypto
import Foundation
import ImageAPI
import Importing
import JSON
import RegistryClient

/// GET `weir.dev/v1alpha1 registrystatuses`: what other registries still take, for whoever runs the server
/// (spec/users-want.md, section 6, 3). Nothing is stored: it is what is known at the moment.
public struct RegistryStatuses: GettableResource, ListableResource {
    /// Registries and accounts that are shown at most.
    private static let maximum = 10_000

    private let importer: Importer
    private let now: @Sendable () -> Timestamp

    public init(_ importer: Importer, now: @escaping @Sendable () -> Timestamp) {
        self.importer = importer
        self.now = now
    }

    public var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: RegistryStatus.groupVersionKind.groupVersion, name: "registrystatuses",
            kind: RegistryStatus.groupVersionKind, isNamespaced: false)
    }

    public var table: TableColumns<RegistryStatus>? { RegistryStatusTable.columns }

    public func get(
        _ name: String, options: GetOptions, _ context: RequestContext
    ) async throws -> Output<RegistryStatus> {
        guard let status = statuses().first(where: { $0.metadata.name == name }) else {
            throw APIError.notFound(context.resource, name)
        }
        return Output(status)
    }

    public func list(_ options: ListOptions, _ context: RequestContext) async throws -> OutputList<RegistryStatus> {
        let selected = statuses().filter { status in
            options.labelSelector.matches(status.metadata.labels)
                && options.fieldSelector.matches { $0 == "metadata.name" ? status.metadata.name : "" }
        }
        return OutputList(items: selected.map { Output($0) })
    }

    private func statuses() -> [RegistryStatus] {
        let time = now()
        var waiting = importer.waiting
        var all = importer.budgets.entries().prefix(Self.maximum).map { entry in
            func later(_ duration: Duration?) -> Timestamp? {
                duration.map {
                    Timestamp(secondsSince1970: time.secondsSince1970 + ($0.inMilliseconds + 999) / 1_000)
                }
            }
            var status = RegistryStatusStatus(registry: entry.host)
            status.account = entry.account
            status.limit = entry.limit.map { Int64($0) }
            status.remaining = entry.resetsIn == nil ? nil : entry.remaining.map { Int64($0) }
            status.resetTime = later(entry.resetsIn)
            status.pausedUntil = later(entry.pausedFor)
            // What waits is not known by account: it is shown once.
            status.waiting = Int64(waiting.removeValue(forKey: entry.host) ?? 0)
            return Self.object(status)
        }
        all += waiting.sorted { $0.key < $1.key }.map { host, count in
            var status = RegistryStatusStatus(registry: host)
            status.waiting = Int64(count)
            return Self.object(status)
        }
        return all
    }

    private static func object(_ status: RegistryStatusStatus) -> RegistryStatus {
        var name = status.registry
        if !status.account.isEmpty {
            // Names of users may have characters that those of objects may not.
            let hash = SHA256.hash(data: Data(status.account.utf8)).prefix(6)
            name += "." + hash.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        }
        return RegistryStatus(metadata: ObjectMeta(name: name), status: status)
    }
}

private enum RegistryStatusTable {
    static let columns = TableColumns<RegistryStatus>(
        columns: [
            .init("Name", format: "name", description: TableColumns<RegistryStatus>.nameDescription),
            .init("Account", description: documentation("account")),
            .init("Remaining", description: documentation("remaining")),
            .init("Limit", description: documentation("limit")),
            .init("Resets", description: documentation("resetTime")),
            .init("Paused Until", description: documentation("pausedUntil")),
            .init("Waiting", type: "integer", description: documentation("waiting")),
        ],
        cells: { object, _ in
            let status = object.status
            return [
                .string(object.metadata.name), .string(status.account.isEmpty ? "<none>" : status.account),
                .string(status.remaining.map { "\($0)" } ?? "<unknown>"),
                .string(status.limit.map { "\($0)" } ?? "<unknown>"),
                .string(status.resetTime?.description ?? "<unknown>"),
                .string(status.pausedUntil?.description ?? "<none>"), .integer(status.waiting),
            ]
        })

    private static func documentation(_ field: String) -> String {
        RegistryStatusStatus.schema.documentation(of: field)
    }
}
