/// What arrays and objects keep their elements in.
///
/// A class, because only a class has a `deinit`: left to the compiler, the release of a tree recurses once per level
/// and a hostile document of 10,000 levels overflows the stack of the thread that drops it. Shared storage is never
/// changed (`isKnownUniquelyReferenced` guards every mutation), which is why it is safe to send.
class JSONContainer: @unchecked Sendable {
    /// At least the number of container levels from here down. Small trees are left to the compiler.
    @exclusivity(unchecked)
    final var height: Int

    init(height: Int) { self.height = height }

    /// Levels the compiler may release recursively, a few hundred bytes of stack each.
    static let shallow = 64

    /// Moves the containers held directly in this one to `list` and forgets all elements.
    func surrenderContainers(to list: inout [JSONContainer]) {}

    /// Releases everything below without recursion.
    final func releaseDeep() {
        var list: [JSONContainer] = []
        surrenderContainers(to: &list)
        while var container = list.popLast() {
            if isKnownUniquelyReferenced(&container) { container.surrenderContainers(to: &list) }
        }
    }
}

extension JSONValue {
    /// Levels of containers in the value, at least.
    @inline(__always)
    var height: Int {
        switch self {
        case .array(let array): array.storage.height
        case .object(let object): object.storage.height
        default: 0
        }
    }

    var container: JSONContainer? {
        switch self {
        case .array(let array): array.storage
        case .object(let object): object.storage
        default: nil
        }
    }
}
