import ApusModelConfig
import ApusTestSupport
import Synchronization
import Testing

@testable import ApusServing

@Suite struct EnsembleQueueTests {
  /// A long queue of requests that end at once is worked off without a call inside a call for each.
  @Test func aLongQueueNeedsNoStack() async throws {
    let gate = Gate()
    let repository = try TemporaryRepository()
    try repository.addScripted("m")
    try repository.addEnsemble("e", of: "m", limit: 1)
    let server = try repository.server(.explicit) { _, inputs in
      gate.pass()
      return inputs.map { NamedTensor("OUT", $0.tensor) }
    }
    try await server.start()
    try await server.load(model: "e", LoadOverride())
    let ensemble = try server.repository.version("e", nil)
    let first = ReplyLog()
    let request = try InferenceRequest("e", [1], input: "X")
    server.submit(request, reply: first.take)
    try await eventually { gate.waitingCount == 1 }
    let failed = Mutex(0)
    let count = 50_000
    for _ in 0..<count {
      server.submit(request) { reply in
        if case .failure = reply { failed.withLock { $0 += 1 } }
      }
    }
    #expect(ensemble.pendingCount == count)
    // Those that wait fail as soon as they are begun.
    try await server.unload(model: "m", withDependents: false)
    gate.open()
    try await eventually { failed.withLock { $0 } == count }
    #expect(first.responses.first?.integers("Y") == [1])
    #expect(ensemble.pendingCount == 0)
    let isClean = await server.stop(deadline: Clock.now() + 30_000_000_000)
    #expect(isClean)
  }

  /// No more requests are inside than the limit says, and each gets its answer.
  @Test func theLimitHolds() async throws {
    let repository = try TemporaryRepository()
    try repository.addScripted("m", "dynamic_batching { }")
    try repository.addEnsemble("e", of: "m", limit: 2)
    let largest = Mutex(0)
    let server = try repository.server { _, inputs in
      largest.withLock { $0 = max($0, inputs.first?.tensor.shape.first ?? 0) }
      return inputs.map { NamedTensor("OUT", $0.tensor) }
    }
    try await server.start()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<500 {
        group.addTask {
          let response = try await server.infer(InferenceRequest("e", [index], input: "X"))
          #expect(response.integers("Y") == [index])
        }
      }
      try await group.waitForAll()
    }
    #expect(largest.withLock { $0 } <= 2)
    let isClean = await server.stop(deadline: Clock.now() + 30_000_000_000)
    #expect(isClean)
  }
}
