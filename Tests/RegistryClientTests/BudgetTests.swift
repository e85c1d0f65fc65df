import Foundation
import Testing

@testable import RegistryClient

@Suite("Budgets of registries")
struct BudgetTests {
    private static let start = ContinuousClock.now

    private static func headers(_ status: Int, _ lines: [(String, String)]) -> RateLimitHeaders {
        RateLimitHeaders(
            status: status, HTTPFields(lines.map { (name: $0.0, value: $0.1) }),
            now: Date(timeIntervalSince1970: 1_700_000_000))
    }

    @Test("are read in all the forms there are")
    func forms() {
        let hub = Self.headers(200, [("RateLimit-Limit", "100;w=21600"), ("RateLimit-Remaining", "76;w=21600")])
        #expect(hub.limit == 100 && hub.remaining == 76 && hub.window == .seconds(21_600) && !hub.isRefusal)
        let draft = Self.headers(
            200, [("X-RateLimit-Limit", "5000"), ("X-RateLimit-Remaining", "3"), ("X-RateLimit-Reset", "1700000090")])
        #expect(draft.limit == 5_000 && draft.remaining == 3 && draft.reset == .seconds(90))
        #expect(Self.headers(429, [("Retry-After", "7"), ("RateLimit-Reset", "60")]).retryAfter == .seconds(7))
        #expect(Self.headers(200, [("Retry-After", "7")]).retryAfter == nil)
        let nonsense = Self.headers(
            200,
            [("RateLimit-Limit", "-5"), ("RateLimit-Remaining", "99999999999999999999"), ("RateLimit-Reset", "soon")])
        #expect(nonsense == RateLimitHeaders())
        #expect(Self.headers(200, [("ratelimit-reset", "999999999")]).reset == .seconds(366 * 86_400))
    }

    @Test("hold back what nobody waits for when little is left, until the registry counts anew")
    func reserve() {
        var budget = RateBudget()
        budget.observe(Self.headers(200, [("RateLimit-Limit", "100"), ("RateLimit-Remaining", "20")]), now: Self.start)
        #expect(budget.pause(Self.start) == nil)
        budget.observe(
            Self.headers(
                200, [("RateLimit-Limit", "100"), ("RateLimit-Remaining", "19"), ("RateLimit-Reset", "120")]),
            now: Self.start)
        #expect(budget.pause(Self.start + .seconds(1)) == Self.start + .seconds(120))
        #expect(!budget.isRefused(Self.start + .seconds(1)), "users are let through")
        #expect(budget.pause(Self.start + .seconds(120)) == nil)
    }

    @Test("wait for as long as a refusal says, and longer each time where it says nothing")
    func refusals() {
        var budget = RateBudget()
        budget.observe(Self.headers(429, [("Retry-After", "7")]), now: Self.start)
        #expect(budget.pause(Self.start + .seconds(6)) == Self.start + .seconds(7))
        #expect(budget.pause(Self.start + .seconds(7)) == nil)
        budget.observe(Self.headers(200, []), now: Self.start + .seconds(8))
        var time = Self.start + .seconds(10)
        for seconds in [30, 60, 120] {
            budget.observe(Self.headers(429, []), now: time)
            #expect(budget.pause(time) == time + .seconds(seconds))
            time += .seconds(seconds)
        }
        // A good answer forgives; one that was on its way does not.
        budget.observe(Self.headers(429, []), now: time)
        budget.observe(Self.headers(200, []), now: time + .seconds(1))
        #expect(budget.isRefused(time + .seconds(2)))
    }

    @Test("are kept by registry and account, and only where there is something to keep")
    func accounts() {
        let budgets = RegistryBudgets()
        budgets.observe(host: "a", account: nil, Self.headers(200, []), now: Self.start)
        #expect(budgets.entries(now: Self.start).isEmpty)
        budgets.observe(host: "a", account: "bob", Self.headers(429, [("Retry-After", "5")]), now: Self.start)
        #expect(budgets.pause(host: "a", account: "bob", now: Self.start) == .seconds(5))
        #expect(budgets.pause(host: "a", account: nil, now: Self.start) == nil)
        #expect(budgets.pause(host: "b", account: "bob", now: Self.start) == nil)
        for index in 0..<(RegistryBudgets.capacity + 10) {
            budgets.observe(host: "h\(index)", account: nil, Self.headers(429, []), now: Self.start)
        }
        #expect(budgets.entries(now: Self.start).count <= RegistryBudgets.capacity)
    }
}
