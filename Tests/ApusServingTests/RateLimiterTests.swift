import ApusTestSupport
import Synchronization
import Testing

@testable import ApusServing

@Suite struct RateLimiterTests {
  private func demand(_ amount: Int, _ instance: String) -> ResourceDemand {
    var demand = ResourceDemand()
    demand.amounts = ["r": amount]
    demand.instance = instance
    return demand
  }

  /// Says when another thread has what it asks for.
  private final class Waiter: Sendable {
    private let entered = Mutex(false)
    var hasEntered: Bool { entered.withLock { $0 } }

    init(_ limiter: RateLimiter, _ demand: ResourceDemand) throws {
      try Thread.start("test") { [self] in
        limiter.acquire(demand)
        entered.withLock { $0 = true }
      }
    }
  }

  @Test func resourcesAreSharedOut() async throws {
    let limiter = RateLimiter(resources: ["r": 1])
    let one = demand(1, "a")
    try limiter.register(one)
    limiter.acquire(one)
    let waiter = try Waiter(limiter, one)
    try await eventually { limiter.waitingCount == 1 }
    #expect(!waiter.hasEntered)
    limiter.release(one)
    try await eventually { waiter.hasEntered }
  }

  /// Who waits sees what a model that is loaded later brings.
  @Test func whatIsRegisteredWakesThoseWhoWait() async throws {
    let limiter = RateLimiter(resources: [:])
    let two = demand(2, "a")
    try limiter.register(two)
    limiter.acquire(two)
    let waiter = try Waiter(limiter, two)
    try await eventually { limiter.waitingCount == 1 }
    // The first one keeps its two.
    try limiter.register(demand(4, "b"))
    try await eventually { waiter.hasEntered }
    #expect(limiter.waitingCount == 0)
  }

  @Test func impossibleNeedsAreRefused() {
    let limiter = RateLimiter(resources: ["r": 1])
    #expect(throws: ServingError.self) { try limiter.register(demand(2, "")) }
  }
}
