import APIMachinery
import APIServer
import HTTPTypes
import JSON

/// `/registry/switches/NAME`: GET shows a switch, PUT turns it on, DELETE off. Who asks needs the permission for the path.
public struct SwitchHandler: PathHandler {
    public static func path(_ name: RegistrySwitch) -> String { "/registry/switches/\(name.rawValue)" }

    private let switches: RegistrySwitches

    public init(_ switches: RegistrySwitches) { self.switches = switches }

    public var paths: [String] { RegistrySwitch.allCases.map(Self.path) }

    public func respond(
        to request: ServerRequest, path: String, _ context: RequestContext
    ) async throws -> ServerResponse {
        guard let name = RegistrySwitch.allCases.first(where: { Self.path($0) == path }) else {
            return .text(404, "there is no such switch\n")
        }
        switch request.method {
        case "GET", "HEAD": break
        case "PUT", "DELETE":
            let isOn = request.method == "PUT"
            if !isOn, name == .readOnly, switches.isFixed {
                throw APIError.conflict(
                    GroupResource(group: "weir.dev", resource: "switches"), name.rawValue,
                    "the registry is read-only by its configuration")
            }
            try await switches.turn(
                name, on: isOn, by: context.user.name, now: context.now.secondsSince1970 * 1_000)
            context.logger.notice(
                "a switch of the registry was turned",
                metadata: ["switch": "\(name.rawValue)", "on": "\(isOn)", "user": "\(context.user.name)"])
        default: return .text(405, "a switch is turned on with PUT and off with DELETE\n")
        }
        return ServerResponse(status: 200, contentType: "application/json", try await document(name).jsonBytes())
    }

    private func document(_ name: RegistrySwitch) async throws -> JSONValue {
        var object = JSONObject()
        object["switch"] = .string(name.rawValue)
        object["on"] = .bool(try await switches.isOn(name))
        if let record = try await switches.record(name) {
            object["since"] = .string(Timestamp(secondsSince1970: record.since / 1_000).description)
            object["user"] = .string(record.user)
        }
        return .object(object)
    }
}
