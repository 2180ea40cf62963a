import ApusModelConfig
import Synchronization
import Testing

@testable import ApusServing

/// Loads models whose runs a test writes, on threads that may block.
struct ScriptedLoader: ModelLoader {
  typealias Run = @Sendable (String, [NamedTensor]) throws(ServingError) -> [NamedTensor]

  /// Is given the model's name and its inputs and makes the outputs.
  let run: Run

  func load(_ source: ModelSource) throws(ServingError) -> any ServableModel {
    ScriptedModel(source.name, run)
  }
}

private final class ScriptedModel: ServableModel {
  let signature = ModelSignature(
    inputs: [TensorSignature("IN", .int32, dims: [-1, -1])],
    outputs: [TensorSignature("OUT", .int32, dims: [-1, -1])])
  let memoryByteCount = 0
  let notes: [String] = []
  private let name: String
  private let run: ScriptedLoader.Run

  init(_ name: String, _ run: @escaping ScriptedLoader.Run) {
    self.name = name
    self.run = run
  }

  func makeInstance() throws(ServingError) -> ModelInstance { .batched(Instance(name, run)) }

  private final class Instance: BatchedInstance {
    private let name: String
    private let script: ScriptedLoader.Run

    init(_ name: String, _ script: @escaping ScriptedLoader.Run) {
      self.name = name
      self.script = script
    }

    func run(
      _ inputs: [NamedTensor], outputs: Set<String>, parameters: [String: ParameterValue],
      handle: RequestHandle?
    ) throws(ServingError) -> [NamedTensor] {
      try script(name, inputs)
    }
  }
}

extension TemporaryRepository {
  /// A model of one instance that a `ScriptedLoader` runs, from IN to OUT.
  func addScripted(_ name: String, _ extra: String = "") throws {
    try write(
      """
      backend: "onnxruntime"
      max_batch_size: 8
      instance_group { count: 1 }
      input { name: "IN" data_type: TYPE_INT32 dims: [ -1 ] }
      output { name: "OUT" data_type: TYPE_INT32 dims: [ -1 ] }
      \(extra)
      """, to: "\(name)/config.pbtxt")
    try write("", to: "\(name)/1/model.onnx")
  }

  /// An ensemble of one step, from X to Y; `limit` requests are inside at a time, 0 for the default.
  func addEnsemble(
    _ name: String, of step: String, limit: Int = 0, _ extra: String = ""
  ) throws {
    try write(
      """
      platform: "ensemble"
      max_batch_size: 8
      input { name: "X" data_type: TYPE_INT32 dims: [ -1 ] }
      output { name: "Y" data_type: TYPE_INT32 dims: [ -1 ] }
      ensemble_scheduling {
        max_inflight_requests: \(limit)
        step { model_name: "\(step)" model_version: -1
          input_map { key: "IN" value: "X" } output_map { key: "OUT" value: "Y" } }
      }
      \(extra)
      """, to: "\(name)/config.pbtxt")
    try write("", to: "\(name)/1/empty")
  }

  func server(
    _ control: RepositoryOptions.Control = .none, cache: Int? = nil,
    running run: @escaping ScriptedLoader.Run
  ) throws -> InferenceServer {
    var repository = RepositoryOptions(paths: [path])
    repository.control = control
    var options = ServerOptions(version: "test", repository: repository)
    options.cacheByteCount = cache
    return try InferenceServer(
      options, loader: ScriptedLoader(run: run), settings: ServerSettings(), note: { _ in })
  }
}

/// What a request has been told so far.
final class ReplyLog: Sendable {
  private let state = Mutex<[Reply]>([])

  var all: [Reply] { state.withLock { $0 } }
  var isOver: Bool { all.contains(where: \.isFinal) }
  var failures: [ServingError] {
    all.compactMap { if case .failure(let error) = $0 { error } else { nil } }
  }
  var responses: [InferenceResponse] {
    all.compactMap { if case .response(let response, _) = $0 { response } else { nil } }
  }

  func take(_ reply: Reply) { state.withLock { $0.append(reply) } }
}

/// Holds threads while it is closed.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var waiting = 0
  }

  private let state = Monitor(State())

  init(isOpen: Bool = false) { state.withLock { $0.isOpen = isOpen } }

  var waitingCount: Int { state.withLock { $0.waiting } }

  func pass() {
    state.withLock { $0.waiting += 1 }
    state.wait { $0.isOpen ? .done(()) : .wait(until: Monitor<State>.never) }
    state.withLock { $0.waiting -= 1 }
  }

  func close() { state.withLock { $0.isOpen = false } }

  func open() {
    state.withLock { $0.isOpen = true }
    state.broadcast()
  }
}
