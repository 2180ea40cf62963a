import Testing

@testable import ApusServing

@Suite struct SequenceQueueTests {
  private func policy(_ change: (inout SequencePolicy) -> Void = { _ in }) -> SequencePolicy {
    var policy = SequencePolicy()
    policy.maximumBatch = 2
    policy.capacity = 2
    change(&policy)
    return policy
  }

  private func position(_ id: UInt64, start: Bool = false, end: Bool = false) -> SequencePosition {
    SequencePosition(.number(id), isStart: start, isEnd: end)
  }

  private func enter(
    _ queue: inout SequenceQueue<String>, _ name: String, _ position: SequencePosition,
    key: [Int], now: UInt64
  ) -> Bool { queue.enqueue(name, position, key: key, now: now) }

  private func run(_ queue: inout SequenceQueue<String>, now: UInt64 = 0) -> [String]? {
    guard case .run(let entries) = queue.next(instance: 0, now: now) else { return nil }
    return entries.map(\.payload)
  }

  @Test func theFirstRequestStartsItsSequence() {
    var queue = SequenceQueue<String>(policy())
    #expect(!enter(&queue, "a", position(1), key: [], now: 0))
    #expect(enter(&queue, "a", position(1, start: true), key: [], now: 0))
    #expect(enter(&queue, "b", position(1), key: [], now: 0))
  }

  @Test func requestsOfOneSequenceRunOneByOne() {
    var queue = SequenceQueue<String>(policy())
    _ = queue.enqueue("a1", position(1, start: true), key: [], now: 0)
    _ = queue.enqueue("a2", position(1, end: true), key: [], now: 1)
    _ = queue.enqueue("b1", position(2, start: true), key: [], now: 2)
    #expect(run(&queue, now: 2) == ["a1", "b1"])
    #expect(run(&queue, now: 3) == nil)
    let wasOver = queue.complete(position(1, start: true), now: 3)
    #expect(!wasOver)
    #expect(run(&queue, now: 3) == ["a2"])
    let isOver = queue.complete(position(1, end: true), now: 4)
    #expect(isOver)
    #expect(queue.sequenceCount == 1)
  }

  @Test func theBacklogWaitsForAPlace() {
    var queue = SequenceQueue<String>(policy())
    for id in 1...3 as ClosedRange<UInt64> {
      _ = queue.enqueue("\(id)", position(id, start: true, end: true), key: [], now: id)
    }
    #expect(run(&queue, now: 5) == ["1", "2"])
    #expect(run(&queue, now: 5) == nil)
    _ = queue.complete(position(1, start: true, end: true), now: 6)
    #expect(run(&queue, now: 6) == ["3"])
  }

  @Test func idleSequencesAreForgotten() {
    var queue = SequenceQueue<String>(policy { $0.idleTimeout = 100 })
    _ = queue.enqueue("a", position(1, start: true), key: [], now: 0)
    #expect(run(&queue) == ["a"])
    let early = queue.expire(now: 1000)
    #expect(early.isEmpty)
    _ = queue.complete(position(1, start: true), now: 1000)
    #expect(queue.nextExpiry == 1100)
    let idle = queue.expire(now: 1100)
    #expect(idle == [.number(1)])
    #expect(!enter(&queue, "b", position(1), key: [], now: 1101))
  }

  @Test func directSlotsWaitForEachOther() {
    var queue = SequenceQueue<String>(
      policy {
        $0.strategy = .direct(utilization: 1)
        $0.maximumDelay = 1000
      })
    _ = queue.enqueue("a", position(1, start: true), key: [], now: 0)
    #expect(run(&queue, now: 10) == nil)
    _ = queue.enqueue("b", position(2, start: true), key: [], now: 10)
    #expect(run(&queue, now: 10) == ["a", "b"])
  }

  @Test func aNewStartBeginsAnew() {
    var queue = SequenceQueue<String>(policy())
    _ = queue.enqueue("a", position(1, start: true, end: true), key: [], now: 0)
    #expect(run(&queue) == ["a"])
    // The answer is out before the end is booked.
    #expect(enter(&queue, "b", position(1, start: true), key: [], now: 1))
    let isOver = queue.complete(position(1, start: true, end: true), now: 2)
    #expect(!isOver)
    #expect(run(&queue, now: 2) == ["b"])
  }

  /// A client that goes while its first request waits for a place, and comes again, takes one place.
  @Test func aSequenceIsInTheBacklogOnce() {
    var queue = SequenceQueue<String>(policy { $0.maximumBatch = 4 })
    for id in [1, 2] as [UInt64] {
      _ = queue.enqueue("\(id)", position(id, start: true), key: [], now: 0)
    }
    #expect(run(&queue)?.count == 2)
    for attempt in ["first", "second"] {
      #expect(enter(&queue, attempt, position(3, start: true), key: [], now: 1))
      guard attempt == "first" else { continue }
      let removed = queue.remove { $0 == "first" }
      #expect(removed == "first")
      #expect(queue.sequenceCount == 2)
    }
    for id in [1, 2] as [UInt64] {
      _ = queue.enqueue("end", position(id, end: true), key: [], now: 2)
      _ = queue.complete(position(id, start: true), now: 2)
    }
    #expect(run(&queue, now: 3)?.count == 2)
    for id in [1, 2] as [UInt64] { _ = queue.complete(position(id, end: true), now: 4) }
    #expect(run(&queue, now: 5) == ["second"])
    // The other place is free.
    _ = queue.enqueue("4", position(4, start: true), key: [], now: 6)
    #expect(run(&queue, now: 6) == ["4"])
  }

  @Test func aRequestThatIsTakenBackChangesNothing() {
    var queue = SequenceQueue<String>(policy())
    _ = queue.enqueue("a", position(1, start: true), key: [], now: 0)
    #expect(run(&queue) == ["a"])
    _ = queue.complete(position(1, start: true), now: 1)
    _ = queue.enqueue("end", position(1, end: true), key: [], now: 2)
    #expect(!enter(&queue, "late", position(1), key: [], now: 3))
    let removed = queue.remove { $0 == "end" }
    #expect(removed == "end")
    #expect(enter(&queue, "b", position(1), key: [], now: 4))
    #expect(run(&queue, now: 4) == ["b"])
  }
}
