/// Says whether anything of a stored type was written in between: equal stamps mean that nothing was.
public struct ChangeStamp: Sendable, Hashable {
    private let creation: Int64
    private let change: Int64
    private let count: Int

    init(creation: Int64, change: Int64, count: Int) {
        self.creation = creation
        self.change = change
        self.count = count
    }
}

extension ObjectStore {
    /// The present stamp. A write that has returned is in it.
    public var changeStamp: ChangeStamp {
        ChangeStamp(creation: cache.lastCreation, change: cache.lastChange, count: cache.count)
    }
}
