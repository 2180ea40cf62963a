import ApusModelConfig
import ApusTestSupport
import Synchronization
import Testing

@testable import ApusServing

@Suite struct CancellationTests {
  @Test func whatIsKeptIsCalledOnce() {
    let calls = Mutex(0)
    let handle = RequestHandle()
    #expect(handle.keep { calls.withLock { $0 += 1 } })
    handle.cancel()
    handle.cancel()
    #expect(calls.withLock { $0 } == 1)
    // Who holds a lock is told, not called.
    #expect(!handle.keep { calls.withLock { $0 += 10 } })
    #expect(calls.withLock { $0 } == 1)
    handle.onCancel { calls.withLock { $0 += 100 } }
    #expect(calls.withLock { $0 } == 101)
  }

  /// What nobody waits for any more when it comes leaves the queue at once, whoever keeps it.
  @Test(arguments: ["m", "e", "s"]) func cancelledRequestsDoNotWait(model: String) async throws {
    let gate = Gate()
    let repository = try TemporaryRepository()
    try repository.addScripted("m")
    try repository.addEnsemble("e", of: "m", limit: 1)
    try repository.addScripted("s", "sequence_batching { }")
    let server = try repository.server { _, inputs in
      gate.pass()
      return inputs.map { NamedTensor("OUT", $0.tensor) }
    }
    try await server.start()
    let served = try server.repository.version(model, nil)
    var request = try InferenceRequest(model, [1], input: model == "e" ? "X" : "IN")
    if model == "s" { request.sequence = SequencePosition(.number(1), isStart: true) }
    let first = ReplyLog()
    #expect(served.submit(request, handle: RequestHandle(), reply: first.take))
    try await eventually { gate.waitingCount == 1 }
    let handle = RequestHandle()
    handle.cancel()
    let second = ReplyLog()
    request.sequence?.isStart = false
    #expect(served.submit(request, handle: handle, reply: second.take))
    #expect(second.failures.map(\.code) == [.cancelled])
    #expect(served.pendingCount == 0)
    gate.open()
    try await eventually { first.isOver }
    #expect(first.failures.isEmpty)
  }
}
