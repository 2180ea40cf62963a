import ApusServingSchema
import Testing

@testable import ApusServing

@Suite struct BatchQueueTests {
  private func policy(_ change: (inout BatchPolicy) -> Void) -> BatchPolicy {
    var policy = BatchPolicy()
    policy.maximumSize = 8
    policy.joinsRequests = true
    change(&policy)
    return policy
  }

  private func payloads(_ decision: BatchQueue<String>.Decision) -> [String]? {
    if case .run(let entries) = decision { entries.map(\.payload) } else { nil }
  }

  @Test func withoutBatchingRequestsRunAlone() {
    var queue = BatchQueue<String>(BatchPolicy())
    for name in ["a", "b"] {
      _ = queue.enqueue(name, size: 1, key: [], priority: 0, timeout: 0, now: 0)
    }
    #expect(payloads(queue.next(now: 0)) == ["a"])
    #expect(payloads(queue.next(now: 0)) == ["b"])
    #expect(payloads(queue.next(now: 0)) == nil)
  }

  @Test func requestsJoinUntilTheBatchIsFull() {
    var queue = BatchQueue<String>(policy { _ in })
    for (name, size) in [("a", 4), ("b", 3), ("c", 2), ("d", 1)] {
      _ = queue.enqueue(name, size: size, key: [1], priority: 0, timeout: 0, now: 0)
    }
    #expect(payloads(queue.next(now: 0)) == ["a", "b"])
    #expect(payloads(queue.next(now: 0)) == ["c", "d"])
    #expect(queue.count == 0)
  }

  @Test func anotherShapeEndsTheBatch() {
    var queue = BatchQueue<String>(policy { $0.maximumDelay = 1000 })
    _ = queue.enqueue("a", size: 1, key: [1], priority: 0, timeout: 0, now: 0)
    _ = queue.enqueue("b", size: 1, key: [2], priority: 0, timeout: 0, now: 0)
    #expect(payloads(queue.next(now: 0)) == ["a"])
    #expect(payloads(queue.next(now: 0)) == nil)
  }

  @Test func theOldestWaitsForOthersUntilItsDelay() {
    var queue = BatchQueue<String>(policy { $0.maximumDelay = 1000 })
    _ = queue.enqueue("a", size: 1, key: [], priority: 0, timeout: 0, now: 100)
    guard case .wait(let time) = queue.next(now: 500) else {
      Issue.record("ran too early")
      return
    }
    #expect(time == 1100)
    _ = queue.enqueue("b", size: 1, key: [], priority: 0, timeout: 0, now: 600)
    #expect(payloads(queue.next(now: 1100)) == ["a", "b"])
  }

  @Test func aPreferredSizeRunsAtOnce() {
    var queue = BatchQueue<String>(
      policy {
        $0.maximumDelay = 1000
        $0.preferredSizes = [2, 4]
      })
    for name in ["a", "b", "c"] {
      _ = queue.enqueue(name, size: 1, key: [], priority: 0, timeout: 0, now: 0)
    }
    #expect(payloads(queue.next(now: 0)) == ["a", "b"])
    #expect(payloads(queue.next(now: 0)) == nil)
    #expect(payloads(queue.next(now: 1000)) == ["c"])
  }

  @Test func highPrioritiesGoFirst() {
    var queue = BatchQueue<String>(
      policy {
        $0.joinsRequests = false
        $0.levels = [QueuePolicy(), QueuePolicy(), QueuePolicy()]
        $0.defaultLevel = 1
      })
    _ = queue.enqueue("lowest", size: 1, key: [], priority: 3, timeout: 0, now: 0)
    _ = queue.enqueue("low", size: 1, key: [], priority: 0, timeout: 0, now: 0)
    _ = queue.enqueue("high", size: 1, key: [], priority: 1, timeout: 0, now: 1)
    _ = queue.enqueue("beyond", size: 1, key: [], priority: 77, timeout: 0, now: 2)
    #expect(payloads(queue.next(now: 2)) == ["high"])
    #expect(payloads(queue.next(now: 2)) == ["low"])
    #expect(payloads(queue.next(now: 2)) == ["beyond"])
    #expect(payloads(queue.next(now: 2)) == ["lowest"])
  }

  @Test func fullQueuesRefuse() {
    var rules = QueuePolicy()
    rules.maximumSize = 2
    var queue = BatchQueue<String>(policy { $0.levels = [rules] })
    let tickets = ["a", "b", "c"].map { name in
      queue.enqueue(name, size: 1, key: [], priority: 0, timeout: 0, now: 0)
    }
    #expect(tickets.map { $0 != nil } == [true, true, false])
    #expect(queue.count == 2)
  }

  @Test func whatWaitedTooLongIsRefused() {
    var rules = QueuePolicy()
    rules.defaultTimeout = 1000
    rules.allowsOverride = true
    var queue = BatchQueue<String>(policy { $0.levels = [rules] })
    _ = queue.enqueue("default", size: 1, key: [], priority: 0, timeout: 0, now: 0)
    _ = queue.enqueue("shorter", size: 1, key: [], priority: 0, timeout: 100, now: 0)
    _ = queue.enqueue("longer", size: 1, key: [], priority: 0, timeout: 5000, now: 0)
    #expect(queue.nextExpiry == 100)
    let expired = [99, 100].map { queue.expire(now: $0) }
    #expect(expired == [[], ["shorter"]])
    #expect(queue.nextExpiry == 1000)
    let rest = queue.expire(now: 1000)
    #expect(rest == ["default", "longer"])
    #expect(queue.nextExpiry == nil)
    #expect(queue.count == 0)
  }

  @Test func delayedRequestsComeAfterTheOthers() {
    var rules = QueuePolicy()
    rules.defaultTimeout = 1000
    rules.timeoutAction = .delay
    var queue = BatchQueue<String>(
      policy {
        $0.levels = [rules]
        $0.joinsRequests = false
      })
    _ = queue.enqueue("late", size: 1, key: [], priority: 0, timeout: 0, now: 0)
    _ = queue.enqueue("fresh", size: 1, key: [], priority: 0, timeout: 0, now: 900)
    let refused = queue.expire(now: 1000)
    #expect(refused.isEmpty)
    #expect(payloads(queue.next(now: 1000)) == ["fresh"])
    #expect(payloads(queue.next(now: 1000)) == ["late"])
  }

  @Test func removedRequestsDoNotRun() throws {
    var queue = BatchQueue<String>(policy { _ in })
    _ = queue.enqueue("a", size: 1, key: [], priority: 0, timeout: 0, now: 0)
    let entered = queue.enqueue("b", size: 1, key: [], priority: 0, timeout: 0, now: 0)
    let ticket = try #require(entered)
    let removed = [queue.remove(ticket: ticket), queue.remove(ticket: ticket)]
    #expect(removed == ["b", nil])
    #expect(payloads(queue.next(now: 0)) == ["a"])
  }

  /// Whatever comes in which order, each request leaves exactly once, and no batch is too large.
  @Test(arguments: 0..<50) func everyRequestLeavesOnce(seed: Int) {
    var state = UInt64(seed) &* 2_654_435_761 &+ 1
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var delay = QueuePolicy()
    delay.defaultTimeout = 50
    delay.timeoutAction = next(2) == 0 ? .delay : .reject
    var queue = BatchQueue<Int>(
      policy {
        $0.levels = [delay, QueuePolicy()]
        $0.maximumDelay = UInt64(next(40))
        $0.preferredSizes = next(2) == 0 ? [4] : []
      })
    var left: [Int] = []
    var now: UInt64 = 0
    for id in 0..<200 {
      now += UInt64(next(20))
      _ = queue.enqueue(
        id, size: 1 + next(3), key: [next(2)], priority: UInt64(next(3)), timeout: 0, now: now)
      left += queue.expire(now: now)
      if case .run(let entries) = queue.next(now: now) {
        #expect(entries.reduce(0) { $0 + $1.size } <= 8)
        #expect(Set(entries.map(\.key)).count == 1)
        left += entries.map(\.payload)
      }
    }
    left += queue.removeAll()
    #expect(left.sorted() == Array(0..<200))
    #expect(queue.count == 0)
  }
}
