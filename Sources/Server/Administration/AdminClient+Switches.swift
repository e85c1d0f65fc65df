import JSON
import Registry

extension AdminClient {
    /// What is known of a switch of the registry.
    public struct SwitchState: Sendable {
        public var isOn: Bool
        /// RFC 3339; nil where it is on by the configuration, or off.
        public var since: String?
        public var user: String?
    }

    public func state(of name: RegistrySwitch) async throws -> SwitchState {
        Self.state(try await send(.GET, SwitchHandler.path(name)))
    }

    /// Turns a switch of the registry.
    /// - Throws: `Failure`, also where the configuration of the server says otherwise.
    @discardableResult
    public func turn(_ name: RegistrySwitch, on: Bool) async throws -> SwitchState {
        Self.state(try await send(on ? .PUT : .DELETE, SwitchHandler.path(name)))
    }

    private static func state(_ document: JSONValue) -> SwitchState {
        SwitchState(
            isOn: document["on"]?.boolValue ?? false, since: document["since"]?.stringValue,
            user: document["user"]?.stringValue)
    }
}
