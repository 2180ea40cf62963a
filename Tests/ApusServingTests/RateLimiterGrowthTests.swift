import ApusTestSupport
import Synchronization
import Testing

@testable import ApusServing

/// Who waits sees what a model that is loaded later brings.
@Suite struct RateLimiterGrowthTests {
  @Test func whatIsRegisteredWakesThoseWhoWait() async throws {
    let limiter = RateLimiter(resources: [:])
    var demand = ResourceDemand()
    demand.amounts = ["r": 2]
    demand.instance = "a"
    try limiter.register(demand)
    limiter.acquire(demand)
    let hasEntered = Mutex(false)
    let second = demand
    try Thread.start("test") {
      limiter.acquire(second)
      hasEntered.withLock { $0 = true }
    }
    try await eventually { limiter.waitingCount == 1 }
    // The first one keeps its two.
    demand.amounts = ["r": 4]
    demand.instance = "b"
    try limiter.register(demand)
    try await eventually { hasEntered.withLock { $0 } }
    #expect(limiter.waitingCount == 0)
  }
}
