import Testing

@testable import APIServer

@Suite("The fair queue")
struct FairQueueTests {
    private static func queue(_ waiting: [(String, Int)], perFlow: Int = 50) -> FairQueue<String> {
        var queue = FairQueue<String>(maximumPerFlow: perFlow, maximum: 1_000)
        for (index, (flow, number)) in waiting.enumerated() {
            _ = queue.append("\(flow)\(number)", id: UInt64(index), flow: flow)
        }
        return queue
    }

    private static func drained(_ queue: consuming FairQueue<String>) -> [String] {
        var queue = queue
        var served: [String] = []
        while let next = queue.popNext() { served.append(next) }
        return served
    }

    @Test(
        "Flows take turns, each in its own order",
        arguments: [
            ([], []),
            ([("a", 1)], ["a1"]),
            ([("a", 1), ("a", 2), ("a", 3)], ["a1", "a2", "a3"]),
            ([("a", 1), ("a", 2), ("a", 3), ("b", 1)], ["a1", "b1", "a2", "a3"]),
            ([("a", 1), ("b", 1), ("c", 1), ("a", 2), ("b", 2)], ["a1", "b1", "c1", "a2", "b2"]),
            ([("b", 1), ("b", 2), ("a", 1), ("c", 1), ("c", 2)], ["b1", "a1", "c1", "b2", "c2"]),
        ] as [([(String, Int)], [String])])
    func turns(_ waiting: [(String, Int)], _ expected: [String]) {
        #expect(Self.drained(Self.queue(waiting)) == expected)
    }

    @Test("A newcomer is served after at most one of each other flow, however much these ask for")
    func noStarvation() {
        var queue = FairQueue<String>(maximumPerFlow: 50, maximum: 1_000)
        for index in 0..<50 { _ = queue.append("greedy", id: UInt64(index), flow: "greedy") }
        for index in 50..<100 { _ = queue.append("also greedy", id: UInt64(index), flow: "also greedy") }
        _ = queue.append("modest", id: 1_000, flow: "modest")
        let first = (0..<3).compactMap { _ in queue.popNext() }
        #expect(first.contains("modest"))
    }

    @Test("A flow has a bounded place to wait, and so have all together")
    func bounds() {
        var queue = FairQueue<Int>(maximumPerFlow: 2, maximum: 3)
        var taken: [Bool] = []
        for (id, flow) in [(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, "c")] as [(UInt64, String)] {
            taken.append(queue.append(Int(id), id: id, flow: flow))
        }
        #expect(taken == [true, true, false, true, false])
        #expect(queue.count == 3)
        _ = queue.popNext()
        let hasRoom = queue.append(6, id: 6, flow: "c")
        #expect(hasRoom)
    }

    @Test("Who gives up is gone, and its flow with the last of it")
    func givingUp() {
        var queue = Self.queue([("a", 1), ("b", 1), ("a", 2)])
        let left = ([0, 0, 1, 99] as [UInt64]).map { queue.remove($0) }
        #expect(left == ["a1", nil, "b1", nil])
        #expect(queue.count == 1)
        #expect(Self.drained(queue) == ["a2"])
    }

    @Test("Whatever happens in whatever order, nobody is lost, served twice or served out of the order of the flow")
    func properties() {
        var random = SplitMix(seed: 7)
        for _ in 0..<200 {
            var queue = FairQueue<UInt64>(maximumPerFlow: 5, maximum: 12)
            var model: [String: [UInt64]] = [:]
            for id in 0..<200 as Range<UInt64> {
                let flow = ["a", "b", "c", "d"][Int(random.next() % 4)]
                switch random.next() % 5 {
                case 0, 1, 2:
                    let total = model.values.reduce(0) { $0 + $1.count }
                    let fits = total < 12 && model[flow, default: []].count < 5
                    let isIn = queue.append(id, id: id, flow: flow)
                    #expect(isIn == fits)
                    if fits { model[flow, default: []].append(id) }
                case 3:
                    let served = queue.popNext()
                    let owner = model.first { served != nil && $0.value.first == served }?.key
                    #expect((owner == nil) == (served == nil))
                    #expect(served != nil || model.values.allSatisfy(\.isEmpty))
                    if let owner { model[owner]?.removeFirst() }
                default:
                    guard let leaving = model[flow]?.randomElement(using: &random) else { continue }
                    let left = queue.remove(leaving)
                    #expect(left == leaving)
                    model[flow]?.removeAll { $0 == leaving }
                }
                #expect(queue.count == model.values.reduce(0) { $0 + $1.count })
            }
        }
    }
}

/// Random numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
