import ApusModelConfig
import ApusServingSchema
import ApusTensor
import ApusTestSupport
import Synchronization
import Testing

@testable import ApusServing

/// Requests that waited too long are refused while all instances are busy.
@Suite struct QueueTimeoutTests {
  private static let policy = """
    dynamic_batching {
      default_queue_policy { default_timeout_microseconds: 3600000000 allow_timeout_override: true }
    }
    """

  /// A short wait ends in its time behind a long one.
  @Test func shortWaitsAreNotHeldUpByLongOnes() async throws {
    let gate = Gate()
    let repository = try TemporaryRepository()
    try repository.addScripted("m", Self.policy)
    let server = try repository.server { _, inputs in
      gate.pass()
      return inputs.map { NamedTensor("OUT", $0.tensor) }
    }
    try await server.start()
    let model = try server.repository.version("m", nil)
    let replies = [ReplyLog(), ReplyLog(), ReplyLog()]
    var request = try InferenceRequest("m", [1])
    server.submit(request, reply: replies[0].take)
    try await eventually { gate.waitingCount == 1 }
    server.submit(request, reply: replies[1].take)
    request.timeout = 1000
    server.submit(request, reply: replies[2].take)
    try await eventually { replies[2].isOver }
    #expect(replies[2].failures.first?.message.contains("Request timeout expired") == true)
    #expect(gate.waitingCount == 1)
    #expect(model.pendingCount == 1)
    gate.open()
    try await eventually { replies[0].isOver && replies[1].isOver }
    #expect(replies[0].failures.isEmpty && replies[1].failures.isEmpty)
  }

  /// A worker that sleeps while the instance runs on another thread does not keep the time.
  @Test func waitsEndBehindWhatRunsInline() async throws {
    let gate = Gate(isOpen: true)
    var config = Inference_ModelConfig()
    config.name = "m"
    let contract = try ModelContract(config, version: 1)
    let responder = Responder(contract, ModelStatistics(), preservesOrder: false, tracer: nil)
    let executor = InstanceExecutor(
      .batched(Held(gate)), contract, try BatchInputs(config), responder)
    var policy = BatchPolicy()
    policy.levels[0].allowsOverride = true
    let scheduler = try BatchScheduler(
      policy, executors: [Handoff(executor)], demands: [ResourceDemand()], responder: responder,
      timer: Timer(), limiter: nil)
    @Sendable func submit(_ replies: ReplyLog, timeout: UInt64 = 0) throws -> Bool {
      var request = InferenceRequest(model: "m")
      request.timeout = timeout
      return scheduler.submit(
        ActiveRequest(
          try contract.prepare(request), handle: RequestHandle(), reply: replies.take))
    }
    // Short executions, after which the next one runs where it comes.
    for _ in 0..<100 {
      let replies = ReplyLog()
      #expect(try submit(replies))
      try await eventually { replies.isOver }
    }
    gate.close()
    let held = ReplyLog()
    try Thread.start("test") { _ = try? submit(held) }
    try await eventually { gate.waitingCount == 1 }
    let late = ReplyLog()
    #expect(try submit(late, timeout: 1000))
    try await eventually { late.isOver }
    #expect(late.failures.first?.message.contains("Request timeout expired") == true)
    gate.open()
    try await eventually { held.isOver }
    #expect(held.failures.isEmpty)
    let isStopped = Mutex(false)
    scheduler.stop { isStopped.withLock { $0 = true } }
    try await eventually { isStopped.withLock { $0 } }
  }

  private final class Held: BatchedInstance {
    private let gate: Gate

    init(_ gate: Gate) { self.gate = gate }

    func run(
      _ inputs: [NamedTensor], outputs: Set<String>, parameters: [String: ParameterValue],
      handle: RequestHandle?
    ) throws(ServingError) -> [NamedTensor] {
      gate.pass()
      return []
    }
  }
}

@Suite struct TimerTests {
  /// Of those of an owner the last one stays, and all that stay come in the order of their times.
  @Test(arguments: 0..<20) func alarmsComeInOrder(seed: Int) async throws {
    var random = SplitMix(seed: UInt64(seed))
    let timer = try Timer()
    let gate = Gate()
    // While this one is held none of the others comes, though their time has.
    timer.schedule(at: 0) { gate.pass() }
    try await eventually { gate.waitingCount == 1 }
    let owners = (0..<4).map { _ in Gate() }
    let seen = Mutex<[UInt64]>([])
    var expected: [UInt64] = []
    var owned: [Int: UInt64] = [:]
    for time in (1...200).map({ UInt64($0) }).shuffled(using: &random) {
      let owner = random.below(8)
      if owner < 4 { owned[owner] = time } else { expected.append(time) }
      timer.schedule(at: time, owner: owner < 4 ? owners[owner] : nil) {
        seen.withLock { $0.append(time) }
      }
    }
    expected += owned.values
    let isOver = Mutex(false)
    timer.schedule(at: 1000) { isOver.withLock { $0 = true } }
    gate.open()
    try await eventually { isOver.withLock { $0 } }
    #expect(seen.withLock { $0 } == expected.sorted(), "seed \(seed)")
  }
}
