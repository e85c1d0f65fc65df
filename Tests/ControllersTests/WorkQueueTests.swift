import Testing

@testable import Controllers

@Suite("Work queue")
struct WorkQueueTests {
    @Test("failures in a row are counted until success, or until they are forgotten")
    func failures() async {
        let queue = WorkQueue<String>()
        func work(hasFailed: Bool) async -> Int {
            queue.add("a")
            #expect(await queue.take() == "a")
            return queue.done("a", hasFailed: hasFailed)
        }
        #expect(await work(hasFailed: true) == 1)
        #expect(await work(hasFailed: true) == 2)
        queue.forget("a")
        #expect(await work(hasFailed: true) == 1)
        #expect(await work(hasFailed: false) == 0)
        #expect(await work(hasFailed: true) == 1)
    }
}
