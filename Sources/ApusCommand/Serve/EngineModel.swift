#if Server
internal import Apus
internal import ApusEngine
internal import ApusIR
internal import ApusModelConfig
internal import ApusRuntime
internal import ApusServing
internal import ApusTensor
internal import Synchronization

/// A model that the server runs: an engine, whose sessions are its instances.
final class EngineModel: ServableModel {
  let signature: ModelSignature
  let notes: [String]
  private let engine: Engine
  private let options: SessionOptions

  /// Throws where an input or output is no tensor.
  init(_ loaded: LoadedEngine, options: SessionOptions) throws(ServingError) {
    engine = loaded.engine
    notes = loaded.notes
    self.options = options
    let graph = engine.plan.graph
    for (input, type) in zip(engine.inputs, engine.inputTypes) where !type.isTensor {
      throw Self.noTensor("input", input.name, type)
    }
    for output in graph.outputs where !graph.valueType(output.value).isTensor {
      throw Self.noTensor("output", output.name, graph.valueType(output.value))
    }
    signature = ModelSignature(
      inputs: engine.inputs.map(Self.describe), outputs: engine.outputs.map(Self.describe))
  }

  private static func noTensor(_ kind: String, _ name: String, _ type: ValueType) -> ServingError {
    ServingError(
      .unsupported,
      "\(kind) '\(name)' is a \(type), and the inference protocol has tensors only")
  }

  private static func describe(_ value: (name: String, type: TensorType)) -> TensorSignature {
    let dims = value.type.extents.map { extents in extents.map { $0.fixed ?? -1 } }
    return TensorSignature(
      value.name, DataType(value.type.element), elementName: value.type.element.name, dims: dims)
  }

  var memoryByteCount: Int { engine.weightBytes }

  func makeInstance() throws(ServingError) -> ModelInstance {
    .batched(SessionInstance(engine.makeSession(options), signature))
  }
}

/// Runs an engine's session on tensors of the protocol.
private final class SessionInstance: BatchedInstance {
  private let session: Session
  private let inputNames: [String]
  private let outputNames: [String]
  private let running: RunningSession

  init(_ session: Session, _ signature: ModelSignature) {
    self.session = session
    inputNames = signature.inputs.map(\.name)
    outputNames = signature.outputs.map(\.name)
    running = RunningSession(session.cancellation)
  }

  func run(
    _ inputs: [NamedTensor], outputs: Set<String>, parameters: [String: ParameterValue],
    handle: RequestHandle?
  ) throws(ServingError) -> [NamedTensor] {
    let tensors = try hostTensors(inputs)
    let results = try running.during(handle) { () throws(ServingError) in
      do throws(RuntimeError) { return try session.run(ordered: tensors) } catch {
        throw ServingError(Self.code(error), error.description)
      }
    }
    var named: [NamedTensor] = []
    named.reserveCapacity(results.count)
    let takesAll = outputs.isEmpty || outputs.count == outputNames.count
    for (name, result) in zip(outputNames, results) where takesAll || outputs.contains(name) {
      named.append(NamedTensor(name, try Self.served(result, name)))
    }
    return named
  }

  /// The inputs in the engine's order, which mostly is theirs.
  private func hostTensors(_ inputs: [NamedTensor]) throws(ServingError) -> [HostTensor] {
    var tensors: [HostTensor] = []
    tensors.reserveCapacity(inputNames.count)
    for (index, name) in inputNames.enumerated() {
      if index < inputs.count, inputs[index].name == name {
        tensors.append(try Self.host(inputs[index]))
      } else if let input = inputs.first(where: { $0.name == name }) {
        tensors.append(try Self.host(input))
      } else {
        throw ServingError(.invalidArgument, "the model has no value for its input '\(name)'")
      }
    }
    return tensors
  }

  private static func code(_ error: RuntimeError) -> ServingError.Code {
    switch error {
    case .cancelled: .cancelled
    case .tensor(.outOfMemory), .engine: .internalFailure
    default: .invalidArgument
    }
  }

  private static func host(_ input: NamedTensor) throws(ServingError) -> HostTensor {
    switch input.tensor.content {
    case .dense(let tensor): return tensor
    case .bytes(let strings):
      let texts = strings.elements.map(ByteText.text)
      do { return try HostTensor(texts: texts, shape: input.tensor.shape) } catch {
        throw ServingError(.invalidArgument, "input '\(input.name)': \(error)")
      }
    }
  }

  private static func served(
    _ tensor: HostTensor, _ name: String
  ) throws(ServingError) -> ServedTensor {
    if case .texts(let texts) = tensor.content {
      return try ServedTensor(ByteStrings(texts.map(ByteText.bytes)), shape: tensor.shape)
    }
    guard let served = ServedTensor(tensor) else {
      throw ServingError(
        .unsupported,
        "output '\(name)' is of type \(tensor.element.name), which the protocol has no name for")
    }
    return served
  }
}

/// Ties a request's cancellation to the one run that it belongs to.
private final class RunningSession: Sendable {
  private let cancellation: Cancellation
  /// The number of the run in progress; even while there is none.
  private let run = Mutex<UInt64>(0)

  init(_ cancellation: Cancellation) { self.cancellation = cancellation }

  func during<Result>(
    _ handle: RequestHandle?, _ body: () throws(ServingError) -> Result
  ) throws(ServingError) -> Result {
    let number = run.withLock { run in
      run += 1
      cancellation.reset()
      return run
    }
    defer { run.withLock { $0 += 1 } }
    // Nobody keeps this once the request is over.
    handle?.onCancel { [self] in
      // A cancellation that comes late must not stop the next request.
      run.withLock { if $0 == number { cancellation.cancel() } }
    }
    return try body()
  }
}
#endif
