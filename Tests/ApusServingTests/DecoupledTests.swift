import ApusModelConfig
import ApusServingSchema
import ApusTensor
import Testing

@testable import ApusServing

/// Models that answer a request any number of times, run without a server.
@Suite struct DecoupledTests {
  private final class Script: DecoupledInstance {
    private let body: (RequestHandle?, ([NamedTensor]) -> Bool) throws(ServingError) -> Void

    init(_ body: @escaping (RequestHandle?, ([NamedTensor]) -> Bool) throws(ServingError) -> Void) {
      self.body = body
    }

    func run(
      _ inputs: [NamedTensor], parameters: [String: ParameterValue], handle: RequestHandle?,
      send: ([NamedTensor]) -> Bool
    ) throws(ServingError) {
      try body(handle, send)
    }
  }

  /// What a request is told whose model does `body`, and the model's counters.
  private func outcome(
    classes: Int = 0,
    _ body: @escaping (RequestHandle?, ([NamedTensor]) -> Bool) throws(ServingError) -> Void
  ) throws -> (ReplyLog, Inference_ModelStatistics) {
    var output = Inference_ModelOutput()
    output.name = "OUT"
    output.dataType = .typeBool
    output.dims = [-1]
    var config = Inference_ModelConfig()
    config.name = "d"
    config.output = [output]
    config.modelTransactionPolicy.decoupled = true
    let contract = try ModelContract(config, version: 1)
    let responder = Responder(contract, ModelStatistics(), preservesOrder: false, tracer: nil)
    let executor = InstanceExecutor(
      .decoupled(Script(body)), contract, try BatchInputs(config), responder)
    var request = InferenceRequest(model: "d")
    request.acceptsManyResponses = true
    if classes > 0 { request.outputs = [RequestedOutput("OUT", classification: classes)] }
    let replies = ReplyLog()
    let active = ActiveRequest(
      try contract.prepare(request), handle: RequestHandle(), reply: replies.take)
    _ = executor.execute([active])
    return (replies, responder.statistics.message(model: "d", version: 1, memory: 0))
  }

  private func outputs() throws -> [NamedTensor] {
    let host = try HostTensor(.bool, shape: [1], .boolean([true]))
    return [NamedTensor("OUT", try #require(ServedTensor(host)))]
  }

  /// Booleans have no classes, so no response can be made.
  @Test func aResponseThatCannotBeMadeIsTheOneFailure() throws {
    let outputs = try outputs()
    var sent: [Bool] = []
    let (replies, statistics) = try outcome(classes: 1) { _, send throws(ServingError) in
      for _ in 0..<2 { sent.append(send(outputs)) }
      throw ServingError(.unknown, "nobody listens")
    }
    #expect(sent == [false, false])
    #expect(replies.all.count == 1)
    let failure = try #require(replies.failures.first)
    #expect(failure.message.contains("class result not available"))
    #expect(failure.isAfterAdmission)
    #expect(statistics.inferenceStats.fail.count == 1)
    #expect(statistics.inferenceStats.success.count == 0)
    #expect(statistics.executionCount == 0)
    #expect(statistics.responseStats.count == 1)
    #expect(statistics.responseStats["0"]?.fail.count == 1)
    #expect(statistics.responseStats["0"]?.success.count == 0)
    #expect(statistics.responseStats["0"]?.computeOutput.count == 1)
  }

  @Test func theEndIsAnEmptyResponse() throws {
    let outputs = try outputs()
    let (replies, statistics) = try outcome { _, send in
      for _ in 0..<2 { _ = send(outputs) }
    }
    #expect(replies.responses.count == 2)
    #expect(replies.all.count == 3)
    #expect(statistics.inferenceStats.success.count == 1)
    for index in ["0", "1"] {
      #expect(statistics.responseStats[index]?.success.count == 1)
      #expect(statistics.responseStats[index]?.emptyResponse.count == 0)
    }
    #expect(statistics.responseStats["2"]?.emptyResponse.count == 1)
    #expect(statistics.responseStats["2"]?.computeInfer.count == 1)
    #expect(statistics.responseStats["2"]?.computeOutput.count == 0)
  }

  @Test func failuresAndCancellationsAreCountedApart() throws {
    let outputs = try outputs()
    let (failed, failure) = try outcome { _, send throws(ServingError) in
      _ = send(outputs)
      throw ServingError(.internalFailure, "broken")
    }
    #expect(failed.failures.count == 1)
    #expect(failure.responseStats["0"]?.success.count == 1)
    #expect(failure.responseStats["1"]?.fail.count == 1)
    #expect(failure.responseStats["1"]?.computeOutput.count == 0)
    let (cancelled, cancellation) = try outcome { handle, send in
      _ = send(outputs)
      handle?.cancel()
      _ = send(outputs)
    }
    #expect(cancelled.responses.count == 1)
    #expect(cancelled.failures.map(\.code) == [.cancelled])
    #expect(cancellation.responseStats["1"]?.cancel.count == 1)
    #expect(cancellation.responseStats["1"]?.fail.count == 0)
    #expect(cancellation.responseStats["1"]?.computeInfer.count == 0)
  }
}
