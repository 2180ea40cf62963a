import ApusModelConfig
import ApusServingSchema
import Synchronization
import Testing

@testable import ApusServing

/// One request in an ensemble whose steps a test answers.
@Suite struct EnsembleRunTests {
  /// Requests to models, in the order in which they were made.
  private final class Steps: Sendable {
    private let state = Mutex<[(InferenceRequest, @Sendable (Reply) -> Void)]>([])

    var count: Int { state.withLock { $0.count } }

    func submit(
      _ request: InferenceRequest, _ reply: @escaping @Sendable (Reply) -> Void
    ) -> RequestHandle {
      state.withLock { $0.append((request, reply)) }
      return RequestHandle()
    }

    func answer(_ index: Int, _ reply: Reply) { state.withLock { $0[index].1 }(reply) }
  }

  private static func input(_ name: String) -> Inference_ModelInput {
    var input = Inference_ModelInput()
    input.name = name
    input.dataType = .typeInt32
    input.dims = [-1]
    return input
  }

  private static func output(_ name: String) -> Inference_ModelOutput {
    var output = Inference_ModelOutput()
    output.name = name
    output.dataType = .typeInt32
    output.dims = [-1]
    return output
  }

  private static func step(_ model: String, from: String, to: String) -> EnsembleStep {
    var step = Inference_ModelEnsembling.Step()
    step.modelName = model
    step.inputMap = ["IN": from]
    step.outputMap = ["OUT": to]
    return EnsembleStep(step)
  }

  /// An ensemble from X by way of T to Y.
  private static func responder(isDecoupled: Bool) throws -> Responder {
    var config = Inference_ModelConfig()
    config.name = "e"
    config.input = [input("X")]
    config.output = [output("Y")]
    config.modelTransactionPolicy.decoupled = isDecoupled
    return Responder(
      try ModelContract(config, version: 1), ModelStatistics(), preservesOrder: false, tracer: nil)
  }

  private static let chain = [step("a", from: "X", to: "T"), step("b", from: "T", to: "Y")]

  private static func run(
    _ responder: Responder, _ steps: Steps, _ replies: ReplyLog,
    onEnd: @escaping @Sendable () -> Void
  ) throws -> EnsembleRun {
    var request = InferenceRequest(
      model: "e", inputs: [NamedTensor("X", try integers([1]).reshaped([1]))])
    request.acceptsManyResponses = true
    let active = ActiveRequest(
      try responder.contract.prepare(request), handle: RequestHandle(), reply: replies.take)
    return EnsembleRun(
      active, EnsemblePlan(chain, responder.contract), responder, steps.submit, onEnd: onEnd)
  }

  private static func response(_ value: Int) throws -> InferenceResponse {
    InferenceResponse(
      model: "", version: 1, id: "",
      outputs: [InferenceResponse.Output("OUT", try integers([value]).reshaped([1]))])
  }

  /// However long a decoupled step goes on, what was answered is forgotten.
  @Test func manyResponsesTakeNoRoom() throws {
    let responder = try Self.responder(isDecoupled: true)
    let steps = Steps()
    let replies = ReplyLog()
    let ended = Mutex(0)
    let run = try Self.run(responder, steps, replies) { ended.withLock { $0 += 1 } }
    #expect(!run.start())
    for index in 0..<100 {
      steps.answer(0, .response(try Self.response(index), isFinal: false))
      // The second step of this flow.
      #expect(steps.count == index + 2)
      #expect(run.held == (2, 2))
      steps.answer(index + 1, .response(try Self.response(-index), isFinal: true))
      #expect(run.held == (1, 1))
    }
    steps.answer(0, .finished)
    #expect(run.held == (0, 0))
    #expect(replies.responses.compactMap { $0.integers("Y") } == (0..<100).map { [-$0] })
    #expect(replies.isOver && replies.failures.isEmpty)
    #expect(ended.withLock { $0 } == 1)
    let message = responder.statistics.message(model: "e", version: 1, memory: 0)
    #expect(message.executionCount == 1)
    #expect(message.inferenceStats.success.count == 1)
    #expect(message.responseStats["0"]?.success.count == 1)
    #expect(message.responseStats["99"]?.success.count == 1)
    #expect(message.responseStats["100"]?.success.count == 0)
    #expect(message.responseStats["100"]?.emptyResponse.count == 1)
    #expect(responder.statistics.current.firstResponseHistogram.total == 1)
  }

  /// A step may answer in many responses, the last of which is final.
  @Test func aFinalResponseEndsItsFlow() throws {
    let steps = Steps()
    let replies = ReplyLog()
    let run = try Self.run(Self.responder(isDecoupled: true), steps, replies) {}
    #expect(!run.start())
    steps.answer(0, .response(try Self.response(1), isFinal: false))
    steps.answer(0, .response(try Self.response(2), isFinal: true))
    #expect(run.held == (2, 2))
    steps.answer(2, .response(try Self.response(20), isFinal: true))
    steps.answer(1, .response(try Self.response(10), isFinal: true))
    #expect(run.held == (0, 0))
    #expect(replies.responses.compactMap { $0.integers("Y") } == [[20], [10]])
    #expect(replies.isOver)
  }

  @Test func outputsThatNeverComeAreAFailure() throws {
    let steps = Steps()
    let replies = ReplyLog()
    let run = try Self.run(Self.responder(isDecoupled: false), steps, replies) {}
    #expect(!run.start())
    steps.answer(0, .finished)
    #expect(replies.failures.first?.message.contains("outputs are missing") == true)
    #expect(run.held == (0, 0))
  }

  @Test func failuresEndTheRunAndCancelWhatIsUnderWay() throws {
    let responder = try Self.responder(isDecoupled: true)
    let steps = Steps()
    let replies = ReplyLog()
    let ended = Mutex(0)
    let run = try Self.run(responder, steps, replies) { ended.withLock { $0 += 1 } }
    #expect(!run.start())
    steps.answer(0, .response(try Self.response(1), isFinal: false))
    steps.answer(1, .failure(ServingError(.internalFailure, "broken")))
    steps.answer(0, .response(try Self.response(2), isFinal: false))
    steps.answer(0, .finished)
    #expect(steps.count == 2)
    #expect(run.held == (0, 0))
    #expect(replies.all.count == 1)
    #expect(replies.failures.first?.isAfterAdmission == true)
    #expect(ended.withLock { $0 } == 1)
    let message = responder.statistics.message(model: "e", version: 1, memory: 0)
    #expect(message.responseStats["0"]?.fail.count == 1)
    #expect(message.inferenceStats.fail.count == 1)
    #expect(message.inferenceStats.success.count == 0)
  }

  /// Who starts a run that is over by then is told so by the result alone.
  @Test func whatEndsAtOnceIsNotToldTwice() throws {
    let replies = ReplyLog()
    let responder = try Self.responder(isDecoupled: false)
    let request = InferenceRequest(
      model: "e", inputs: [NamedTensor("X", try integers([1]).reshaped([1]))])
    let ended = Mutex(0)
    let run = EnsembleRun(
      ActiveRequest(
        try responder.contract.prepare(request), handle: RequestHandle(), reply: replies.take),
      EnsemblePlan(Self.chain, responder.contract), responder,
      { _, reply in
        reply(.failure(ServingError(.notFound, "gone")))
        return RequestHandle()
      },
      onEnd: { ended.withLock { $0 += 1 } })
    #expect(run.start())
    #expect(replies.failures.count == 1)
    #expect(ended.withLock { $0 } == 0)
  }
}
