public import RegistryClient

/// Which addresses requests may go to whose targets users choose (docs/security.md). Pure.
///
/// Never link-local ones and those that are no single host; loopback only where the operator says so. Private networks are
/// let through: that is where sinks are.
public enum SinkAddress {
    public static func isAllowed(_ scope: AddressScope, allowsLoopback: Bool) -> Bool {
        scope <= (allowsLoopback ? .loopback : .privateNetwork)
    }
}
