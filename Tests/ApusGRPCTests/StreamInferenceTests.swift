#if Server
import ApusGRPC
import ApusServing
import ApusServingSchema
import ApusTestSupport
import Foundation
import GRPCCore
import SwiftProtobuf
import Synchronization
import Testing

@Suite("ModelStreamInfer", .timeLimit(.minutes(5)))
struct StreamInferenceTests {
  @Test("Answers of ordinary models come in the order of requests, however they finish")
  func order() async throws {
    try await Loopback.run { loopback in
      let service = loopback.service
      let requests = (0..<5).map { index in
        Inference_ModelInferRequest.raw(
          index % 2 == 0 ? "slow" : "echo", id: "\(index)", [("a", [Float(index)])])
      }
      let answers = try await loopback.stream(requests) {
        try await service.waitForHeld(3)
        service.release()
      }
      #expect(answers.map(\.inferResponse.id) == ["0", "1", "2", "3", "4"])
      #expect(answers.allSatisfy { $0.errorMessage.isEmpty })
      #expect(
        answers.allSatisfy {
          $0.inferResponse.parameters["triton_final_response"]?.boolParam == true
        })
      #expect(answers[3].inferResponse.rawOutputContents[0].floats == [3])
    }
  }

  @Test("Decoupled models answer as often as they like and do not wait for others")
  func decoupled() async throws {
    try await Loopback.run { loopback in
      let service = loopback.service
      var counted = Inference_ModelInferRequest.raw("many", id: "m", [("a", [1, 2, 3])])
      counted.parameters["triton_enable_empty_final_response"] = .with { $0.boolParam = true }
      let answers = try await loopback.stream([
        .raw("slow", id: "s", [("a", [1])]), counted, .raw("many", id: "n", [("a", [])]),
      ]) {
        // The last is taken when those before it are answered, or held.
        try await eventually { service.state.withLock { $0.requests.count } == 3 }
        service.release()
      }
      #expect(answers.map(\.inferResponse.id) == ["m", "m", "m", "m", "s"])
      #expect(
        answers.map { $0.inferResponse.parameters["triton_final_response"]?.boolParam }
          == [false, false, false, true, true])
      #expect(answers[3].inferResponse.outputs.isEmpty)
      #expect(answers[3].inferResponse.modelName == "many")
    }
  }

  @Test("An error is an answer, and the stream goes on")
  func errors() async throws {
    try await Loopback.run { loopback in
      var wrong = Inference_ModelInferRequest.raw("echo", id: "w", [("a", [1])])
      wrong.rawInputContents = []
      let answers = try await loopback.stream([
        wrong, .raw("nothing", id: "n", [("a", [1])]), .raw("broken", id: "b", [("a", [1])]),
        .raw("echo", id: "e", [("a", [1])]),
      ])
      #expect(answers.map(\.inferResponse.id) == ["w", "n", "b", "e"])
      #expect(answers[0].errorMessage.contains("unable to find data"))
      #expect(answers[1].errorMessage.contains("unknown model"))
      #expect(answers[2].errorMessage == "the model broke")
      #expect(answers[2].inferResponse.parameters["triton_final_response"]?.boolParam == true)
      #expect(answers[3].errorMessage.isEmpty)
    }
  }

  @Test("With triton_grpc_error a failure ends the stream; a refusal stays an answer")
  func errorStatus() async throws {
    try await Loopback.run { loopback in
      let metadata: Metadata = ["triton_grpc_error": "true"]
      let refused = try await loopback.stream(
        [.raw("nothing", id: "n", [("a", [1])]), .raw("echo", id: "e", [("a", [1])])],
        metadata: metadata)
      #expect(refused.map(\.inferResponse.id) == ["n", "e"])
      let error = await #expect(throws: RPCError.self) {
        try await loopback.stream(
          [.raw("broken", [("a", [1])]), .raw("slow", [("a", [1])])], metadata: metadata)
      }
      #expect(error?.code == .unavailable)
      #expect(error?.message == "the model broke")
    }
  }

  @Test("A stream that breaks cancels its requests")
  func cancellation() async throws {
    try await Loopback.run { loopback in
      let call = Task {
        try await loopback.stream([.raw("slow", [("a", [1])]), .raw("slow", [("a", [1])])]) {
          try? await Task.sleep(for: .seconds(60))
        }
      }
      try await loopback.service.waitForHeld(2)
      call.cancel()
      _ = await call.result
      for handle in loopback.service.state.withLock({ $0.handles }) {
        try await eventually { handle.isCancelled }
      }
    }
  }

  @Test("A stream holds back requests beyond its limit, and answers all")
  func limit() async throws {
    try await Loopback.run({ $0.maximumStreamRequests = 2 }) { loopback in
      let service = loopback.service
      let releasing = Task {
        while !Task.isCancelled {
          try await Task.sleep(for: .milliseconds(5))
          #expect(service.state.withLock { $0.held.count } <= 2)
          service.release()
        }
      }
      let answers = try await loopback.stream(
        (0..<20).map { .raw("slow", id: "\($0)", [("a", [1])]) })
      releasing.cancel()
      #expect(answers.map(\.inferResponse.id) == (0..<20).map { "\($0)" })
    }
  }
}
#endif
