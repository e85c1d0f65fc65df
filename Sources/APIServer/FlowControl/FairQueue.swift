/// Those who wait, each in the queue of its flow; the flows take turns.
///
/// A flow that asks for much waits behind itself, not in front of others: however long its queue is, a newcomer of
/// another flow is served after at most one of each flow that waits. No clock, no tasks: what is waiting and how
/// long it may is the owner's business.
struct FairQueue<Element> {
    private struct Entry {
        var id: UInt64
        var element: Element
    }

    /// At most so many wait in one flow.
    let maximumPerFlow: Int
    /// At most so many wait in all flows.
    let maximum: Int

    /// Never empty arrays.
    private var flows: [String: [Entry]] = [:]
    /// The flows that wait; the first one is served next.
    private var turns: [String] = []
    private var flowOf: [UInt64: String] = [:]

    init(maximumPerFlow: Int, maximum: Int) {
        self.maximumPerFlow = maximumPerFlow
        self.maximum = maximum
    }

    var count: Int { flowOf.count }
    var isEmpty: Bool { flowOf.isEmpty }

    func hasRoom(for flow: String) -> Bool {
        count < maximum && (flows[flow]?.count ?? 0) < maximumPerFlow
    }

    /// Adds one at the end of its flow.
    /// - Parameter id: names it for `remove`; no other one that waits has it.
    /// - Returns: false where there is no room.
    mutating func append(_ element: Element, id: UInt64, flow: String) -> Bool {
        guard hasRoom(for: flow) else { return false }
        flowOf[id] = flow
        if flows[flow]?.append(Entry(id: id, element: element)) == nil {
            flows[flow] = [Entry(id: id, element: element)]
            turns.append(flow)
        }
        return true
    }

    /// Takes out the one that has waited longest in the flow whose turn it is.
    mutating func popNext() -> Element? {
        guard let flow = turns.first, var entries = flows[flow] else { return nil }
        flows[flow] = nil
        turns.removeFirst()
        let entry = entries.removeFirst()
        flowOf[entry.id] = nil
        if !entries.isEmpty {
            flows[flow] = entries
            turns.append(flow)
        }
        return entry.element
    }

    /// Takes out one that gives up; nil where it does not wait any more.
    mutating func remove(_ id: UInt64) -> Element? {
        guard let flow = flowOf.removeValue(forKey: id), var entries = flows[flow],
            let index = entries.firstIndex(where: { $0.id == id })
        else { return nil }
        flows[flow] = nil
        let entry = entries.remove(at: index)
        if entries.isEmpty {
            turns.removeAll { $0 == flow }
        } else {
            flows[flow] = entries
        }
        return entry.element
    }
}
