import ApusModelConfig
import ApusTestSupport
import Testing

@testable import ApusServing

/// Failures say whether the request had been accepted before.
@Suite struct AdmissionTests {
  @Test func aStepThatFailsWhileItRunsFailsAnAcceptedRequest() async throws {
    let repository = try TemporaryRepository()
    try repository.addScripted("a")
    try repository.addEnsemble("e", of: "a")
    let server = try repository.server { (_, _) throws(ServingError) in
      throw ServingError(.internalFailure, "broken")
    }
    try await server.start()
    let replies = ReplyLog()
    server.submit(try InferenceRequest("e", [1], input: "X"), reply: replies.take)
    try await eventually { replies.isOver }
    let failure = try #require(replies.failures.first)
    #expect(failure.message.contains("broken"))
    #expect(failure.isAfterAdmission)
  }

  @Test func aFullQueueRefuses() async throws {
    let gate = Gate()
    let repository = try TemporaryRepository()
    try repository.addScripted(
      "m", "dynamic_batching { default_queue_policy { max_queue_size: 1 } }")
    let server = try repository.server { _, inputs in
      gate.pass()
      return inputs.map { NamedTensor("OUT", $0.tensor) }
    }
    try await server.start()
    let replies = [ReplyLog(), ReplyLog(), ReplyLog()]
    let request = try InferenceRequest("m", [1])
    server.submit(request, reply: replies[0].take)
    try await eventually { gate.waitingCount == 1 }
    server.submit(request, reply: replies[1].take)
    server.submit(request, reply: replies[2].take)
    let failure = try #require(replies[2].failures.first)
    #expect(failure.message.contains("Exceeds maximum queue size"))
    #expect(!failure.isAfterAdmission)
    gate.open()
    try await eventually { replies[0].isOver && replies[1].isOver }
    #expect(replies[0].failures.isEmpty && replies[1].failures.isEmpty)
  }
}
