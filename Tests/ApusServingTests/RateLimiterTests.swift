import ApusTestSupport
import Synchronization
import Testing

@testable import ApusServing

@Suite struct RateLimiterTests {
  @Test func resourcesAreSharedOut() async throws {
    let limiter = RateLimiter(resources: ["r": 1])
    var demand = ResourceDemand()
    demand.amounts = ["r": 1]
    demand.instance = "a"
    try limiter.register(demand)
    limiter.acquire(demand)
    let hasEntered = Atomic(false)
    let other = demand
    try Thread.start("test") {
      limiter.acquire(other)
      hasEntered.store(true, ordering: .sequentiallyConsistent)
      limiter.release(other)
    }
    try await eventually { limiter.waitingCount == 1 }
    let entersTooEarly = hasEntered.load(ordering: .sequentiallyConsistent)
    #expect(!entersTooEarly)
    limiter.release(demand)
    try await eventually { hasEntered.load(ordering: .sequentiallyConsistent) }
  }

  @Test func impossibleNeedsAreRefused() {
    let limiter = RateLimiter(resources: ["r": 1])
    var demand = ResourceDemand()
    demand.amounts = ["r": 2]
    #expect(throws: ServingError.self) { try limiter.register(demand) }
  }
}
