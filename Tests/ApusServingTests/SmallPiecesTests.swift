import ApusModelConfig
import ApusTensor
import Synchronization
import Testing

@testable import ApusServing

@Suite struct HistogramTests {
  @Test func quantilesLieWithinABucket() {
    var histogram = Histogram()
    for microseconds in 1...1000 { histogram.add(UInt64(microseconds) * 1000) }
    #expect(histogram.total == 1000)
    for fraction in [0.5, 0.9, 0.99] {
      let exact = fraction * 1_000_000
      let read = Double(histogram.quantile(fraction))
      #expect(read >= exact && read <= exact * 1.2)
    }
    #expect(Histogram().quantile(0.5) == 0)
  }
}

@Suite struct ResponseOrderTests {
  @Test func actionsRunInTheOrderOfTheirTickets() {
    let order = ResponseOrder()
    let seen = Mutex<[Int]>([])
    let tickets = (0..<4).map { _ in order.ticket() }
    for ticket in [2, 0, 3, 1] {
      order.complete(tickets[ticket]) { seen.withLock { $0.append(ticket) } }
    }
    #expect(seen.withLock { $0 } == [0, 1, 2, 3])
  }
}

@Suite struct ExecutionCostTests {
  @Test func slowExecutionsCountWhenTheyComeAgain() {
    var cost = ExecutionCost()
    #expect(!cost.isSmall)
    for _ in 0..<16 { cost.add(1000) }
    #expect(cost.isSmall)
    cost.add(10_000_000)
    #expect(cost.isSmall)
    cost.add(10_000_000)
    #expect(!cost.isSmall)
    for _ in 0..<1000 { cost.add(1000) }
    #expect(cost.isSmall)
    for _ in 0..<100 { cost.add(60_000) }
    #expect(!cost.isSmall)
  }
}

@Suite struct ByteStringsTests {
  @Test func elementsKeepEveryByte() throws {
    let elements: [[UInt8]] = [[0, 1, 0], [], [0xFF, 0xFE], Array("ä".utf8)]
    let strings = try ByteStrings(elements)
    #expect(strings.count == 4)
    #expect(strings.elements == elements)
    #expect(try strings.slice(1..<3).elements == [[], [0xFF, 0xFE]])
    #expect(try strings.slice(4..<4).elements == [])
  }

  @Test(arguments: [[1, 0, 0], [5, 0, 0, 0, 1], [255, 255, 255, 255, 0], [0, 0, 0, 0, 1]])
  func damagedFormsAreRefused(bytes: [Int]) throws {
    let storage = try Storage.allocate(byteCount: bytes.count)
    let tensor = try HostTensor(.uint8, shape: [bytes.count], bytes: bytes.map { UInt8($0) })
    guard case .dense(let held, _) = tensor.content else { return }
    _ = storage
    #expect(throws: ServingError.self) {
      try ByteStrings(held, offset: 0, byteCount: bytes.count, count: 1)
    }
  }
}

@Suite struct RateLimiterTests {
  @Test func resourcesAreSharedOut() throws {
    let limiter = RateLimiter(resources: ["r": 1])
    var demand = ResourceDemand()
    demand.amounts = ["r": 1]
    demand.instance = "a"
    try limiter.register(demand)
    limiter.acquire(demand)
    let entered = Mutex(false)
    let box = SharedFlag()
    let other = demand
    try Thread.start("test") {
      limiter.acquire(other)
      box.raise()
      limiter.release(other)
    }
    #expect(!box.waits(milliseconds: 50))
    limiter.release(demand)
    #expect(box.waits(milliseconds: 5000))
    _ = entered
  }

  @Test func impossibleNeedsAreRefused() {
    let limiter = RateLimiter(resources: ["r": 1])
    var demand = ResourceDemand()
    demand.amounts = ["r": 2]
    #expect(throws: ServingError.self) { try limiter.register(demand) }
  }
}

/// A flag that a test waits for.
final class SharedFlag: Sendable {
  private let state = Monitor(false)

  func raise() {
    state.withLock { $0 = true }
    state.broadcast()
  }

  /// Whether it was raised in time.
  func waits(milliseconds: UInt64) -> Bool {
    let end = Clock.now() + milliseconds * 1_000_000
    return state.wait { isRaised in
      if isRaised { return .done(true) }
      return Clock.now() >= end ? .done(false) : .wait(until: end)
    }
  }
}

@Suite struct ClassificationTests {
  @Test func theHighestScoresComeFirst() throws {
    let host = try HostTensor(
      .float32, shape: [2, 3], .real([0.25, .nan, 0.5, 3, 1, 3]))
    let tensor = try #require(ServedTensor(host))
    let classes = try Classification.classes(
      tensor, count: 2, labels: ["cat", "dog"], isBatched: true, output: "o")
    guard case .bytes(let strings) = classes.content else {
      Issue.record("no texts")
      return
    }
    #expect(classes.shape == [2, 2])
    #expect(
      strings.elements.map { String(decoding: $0, as: UTF8.self) }
        == ["0.500000:2", "0.250000:0:cat", "3.000000:0:cat", "3.000000:2"])
  }

  @Test func emptyTensorsHaveNoClasses() throws {
    let tensor = try #require(ServedTensor(try HostTensor(zeros: .float32, shape: [0, 3])))
    let classes = try Classification.classes(
      tensor, count: 2, labels: [], isBatched: true, output: "o")
    #expect(classes.count == 0)
  }
}
