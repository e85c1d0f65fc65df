import Synchronization

/// Makes something durable for many threads at once: who comes while the disk is busy shares the next turn with all
/// others who do.
final class SharedSync: Sendable {
    private let requests = Atomic<Int>(0)
    /// The last request that is done with; the lock is held while the disk works.
    private let done = Mutex(0)

    /// Returns when everything that was written before the call is durable.
    func callAsFunction(_ sync: () throws(BlobError) -> Void) throws(BlobError) {
        let own = requests.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
        try done.withLock { (done) throws(BlobError) in
            // The turn of somebody who began after this call.
            if done >= own { return }
            let last = requests.load(ordering: .sequentiallyConsistent)
            try sync()
            done = last
        }
    }
}
