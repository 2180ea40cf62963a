#if Server
import ApusModelConfig
import ApusServing
import ApusServingSchema
import ApusTensor
import NIOCore
import SwiftProtobuf
import Synchronization

@testable import ApusHTTP

/// A server of a few made-up models:
/// `echo` answers each input under its own name, `count` one INT32 a response as often as its input says,
/// `broken` fails, `never` does not answer, and `silent` ends without a response.
final class FakeService: InferenceService {
  struct Record: Sendable {
    var requests: [InferenceRequest] = []
    var loads: [(model: String, override: LoadOverride)] = []
    var unloads: [(model: String, withDependents: Bool)] = []
    var handles: [RequestHandle] = []
    /// Told by `never`, to be answered or not by a test.
    var pending: [@Sendable (Reply) -> Void] = []
  }

  let record = SharedState(Record())
  let sharedMemory = SharedMemoryRegistry(isAllowed: true)
  let settings = ServerSettings()
  let isLive = true
  let isReady = true

  var last: InferenceRequest? { record.withLock { $0.requests.last } }

  static let models = ["echo", "text", "count", "broken", "never", "silent"]

  private func require(_ model: String, _ version: Int?) throws(ServingError) {
    guard Self.models.contains(model), version == nil || version == 1 else {
      throw ServingError(.notFound, "Request for unknown model: '\(model)' is not found")
    }
  }

  func isReady(model: String, version: Int?) throws(ServingError) -> Bool {
    try require(model, version)
    return model != "broken"
  }

  var metadata: Inference_ServerMetadataResponse {
    .with {
      $0.name = "fake"
      $0.version = "1.0"
      $0.extensions = ["statistics", "logging"]
    }
  }

  func metadata(
    model: String, version: Int?
  ) throws(ServingError) -> Inference_ModelMetadataResponse {
    try require(model, version)
    let type = model == "text" ? "BYTES" : model == "echo" ? "FP32" : "INT32"
    return .with {
      $0.name = model
      $0.versions = ["1"]
      $0.platform = "onnxruntime_onnx"
      $0.inputs = [
        .with {
          $0.name = "IN"
          $0.datatype = type
          $0.shape = model == "count" ? [1] : [-1, 2]
        }
      ]
      $0.outputs = $0.inputs
    }
  }

  func config(model: String, version: Int?) throws(ServingError) -> Inference_ModelConfig {
    try require(model, version)
    return .with {
      $0.name = model
      $0.backend = "onnxruntime"
      $0.maxBatchSize = model == "echo" ? 8 : 0
      $0.input = [
        .with {
          $0.name = "IN"
          $0.dataType = model == "text" ? .typeString : .typeFp32
          $0.dims = model == "text" ? [1] : [-1]
        }
      ]
    }
  }

  func statistics(
    model: String?, version: Int?
  ) throws(ServingError) -> [Inference_ModelStatistics] {
    if let model { try require(model, version) }
    return [
      .with {
        $0.name = model ?? "echo"
        $0.version = "1"
        $0.inferenceCount = UInt64.max
        $0.inferenceStats.success = .with {
          $0.count = 3
          $0.ns = 1_000_000_007
        }
        $0.batchStats = [.with { $0.batchSize = 4 }]
        $0.memoryUsage = [
          .with {
            $0.type = "CPU"
            $0.byteSize = 128
          }
        ]
        $0.responseStats = ["0": .with { $0.success.count = 1 }]
      }
    ]
  }

  func index(
    onlyReady: Bool
  ) throws(ServingError) -> [Inference_RepositoryIndexResponse.ModelIndex] {
    var models: [Inference_RepositoryIndexResponse.ModelIndex] = [
      .with {
        $0.name = "echo"
        $0.version = "1"
        $0.state = "READY"
      }
    ]
    if !onlyReady {
      models.append(
        .with {
          $0.name = "broken"
          $0.version = "1"
          $0.state = "UNAVAILABLE"
          $0.reason = "it is \"broken\""
        })
    }
    return models
  }

  func load(model: String, _ override: LoadOverride) async throws(ServingError) {
    record.withLock { $0.loads.append((model, override)) }
    try require(model, nil)
  }

  func unload(model: String, withDependents: Bool) async throws(ServingError) {
    record.withLock { $0.unloads.append((model, withDependents)) }
    try require(model, nil)
  }

  func metrics() -> String { "nv_inference_count{model=\"echo\",version=\"1\"} 3\n" }

  func submit(
    _ request: InferenceRequest, reply: @escaping @Sendable (Reply) -> Void
  ) -> RequestHandle {
    record.withLock { $0.requests.append(request) }
    let handle = RequestHandle()
    record.withLock { $0.handles.append(handle) }
    var response = InferenceResponse(model: request.model, version: 1, id: request.id)
    switch request.model {
    case "echo", "text":
      response.outputs = request.inputs.map { InferenceResponse.Output($0.name, $0.tensor) }
      reply(.response(response, isFinal: true))
    case "count":
      for index in 0..<number(request) {
        response.parameters = ["index": .integer(Int64(index))]
        response.outputs = request.inputs.map { InferenceResponse.Output($0.name, $0.tensor) }
        reply(.response(response, isFinal: false))
      }
      reply(.finished)
    case "broken": reply(.failure(ServingError(.unavailable, "it is broken")))
    case "silent": reply(.finished)
    case "never": record.withLock { $0.pending.append(reply) }
    default:
      reply(
        .failure(
          ServingError(.notFound, "Request for unknown model: '\(request.model)' is not found")))
    }
    return handle
  }

  private func number(_ request: InferenceRequest) -> Int {
    guard case .dense(let tensor)? = request.inputs.first?.tensor.content else { return 0 }
    return Int(tensor.packedBytes.first ?? 0)
  }
}

/// Keeps what a call was answered with.
final class TestSink: AnswerSink {
  struct State: Sendable {
    var answer: HTTPAnswer?
    var parts: [String] = []
    var isEnded = false
    var handle: RequestHandle?
  }

  let state = SharedState(State())

  func send(isLarge: Bool, _ make: @escaping @Sendable () -> HTTPAnswer) {
    let answer = make()
    state.withLock { state in
      if state.answer == nil { state.answer = answer }
      state.isEnded = true
    }
  }

  var isHere: Bool { false }

  func send(_ answer: HTTPAnswer) { send { answer } }

  func begin(_ make: @escaping @Sendable () -> HTTPAnswer) {
    let answer = make()
    state.withLock { state in
      state.answer = answer
      state.parts.append(String(decoding: answer.body.bytes, as: UTF8.self))
    }
  }

  func add(_ make: @escaping @Sendable () -> [UInt8]) {
    let part = String(decoding: make(), as: UTF8.self)
    state.withLock { $0.parts.append(part) }
  }

  func end() { state.withLock { $0.isEnded = true } }

  func cancelOnDisconnect(_ handle: RequestHandle) { state.withLock { $0.handle = handle } }
}
#endif
