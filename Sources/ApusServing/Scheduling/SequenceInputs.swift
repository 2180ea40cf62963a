internal import ApusModelConfig
internal import ApusServingSchema
internal import ApusTensor

/// Inputs that tell a model where in its sequence a request stands, and states that the server keeps
/// between the requests of a sequence.
struct SequenceInputs: Sendable {
  private struct Control: Sendable {
    let name: String
    let kind: Inference_ModelSequenceBatching.Control.Kind
    let dataType: DataType
    /// The values for false and true.
    let values: (Double, Double)
  }

  private struct State: Sendable {
    let input: String
    let output: String
    let initial: ServedTensor
  }

  private let controls: [Control]
  private let states: [State]
  private let isBatched: Bool

  /// Outputs that hold states.
  var stateOutputs: Set<String> { Set(states.map(\.output)) }

  /// `initialState` reads a file of `initial_state/` in the model's directory.
  init(
    _ config: Inference_ModelConfig,
    initialState: (String) throws(ServingError) -> Storage
  ) throws(ServingError) {
    isBatched = config.maxBatchSize > 0
    var controls: [Control] = []
    for input in config.sequenceBatching.controlInput {
      for control in input.control { controls.append(try Self.control(input.name, control)) }
    }
    self.controls = controls
    var states: [State] = []
    for state in config.sequenceBatching.state {
      states.append(
        State(
          input: state.inputName, output: state.outputName,
          initial: try Self.initial(state, isBatched, initialState)))
    }
    self.states = states
  }

  private static func control(
    _ name: String, _ control: Inference_ModelSequenceBatching.Control
  ) throws(ServingError) -> Control {
    if control.kind == .controlSequenceCorrid {
      guard let type = DataType(control.dataType) else {
        throw ServingError(.invalidArgument, "control input '\(name)' needs a data_type")
      }
      return Control(name: name, kind: control.kind, dataType: type, values: (0, 0))
    }
    let lists: [(DataType, [Double])] = [
      (.int32, control.int32FalseTrue.map { Double($0) }),
      (.fp32, control.fp32FalseTrue.map { Double($0) }),
      (.bool, control.boolFalseTrue.map { $0 ? 1 : 0 }),
    ]
    guard let (type, values) = lists.first(where: { $0.1.count == 2 }) else {
      throw ServingError(
        .invalidArgument,
        "control input '\(name)' needs two values in int32_false_true, fp32_false_true or "
          + "bool_false_true")
    }
    return Control(name: name, kind: control.kind, dataType: type, values: (values[0], values[1]))
  }

  private static func initial(
    _ state: Inference_ModelSequenceBatching.State, _ isBatched: Bool,
    _ read: (String) throws(ServingError) -> Storage
  ) throws(ServingError) -> ServedTensor {
    guard let type = DataType(state.dataType) else {
      throw ServingError(.invalidArgument, "state '\(state.inputName)' has no data_type")
    }
    let declared = state.initialState.first
    let dims = (declared.map { $0.dims.isEmpty ? state.dims : $0.dims } ?? state.dims).map {
      Int($0)
    }
    // Open extents start empty only where an initial state says so.
    let shape = (isBatched ? [1] : []) + dims.map { $0 < 0 ? 1 : $0 }
    if case .dataFile(let file)? = declared?.stateData {
      let storage = try read(file)
      return try ServedTensor(
        type, shape: shape, storage: storage, offset: 0, byteCount: storage.byteCount,
        input: state.inputName)
    }
    if type == .bytes {
      let count = Array.product(shape) ?? 0
      guard count <= 1 << 24 else {
        throw ServingError(.invalidArgument, "state '\(state.inputName)' is too large")
      }
      return try ServedTensor(ByteStrings(Array(repeating: [UInt8](), count: count)), shape: shape)
    }
    guard let zeros = try? HostTensor(zeros: type.element, shape: shape),
      let tensor = ServedTensor(zeros)
    else {
      throw ServingError(.invalidArgument, "state '\(state.inputName)' of shape \(shape)")
    }
    return tensor
  }

  /// The inputs of a request; `kept` are the states of its sequence, empty at its start.
  func tensors(
    _ position: SequencePosition, kept: [String: ServedTensor]
  ) throws(ServingError) -> [NamedTensor] {
    var tensors: [NamedTensor] = []
    for control in controls {
      tensors.append(NamedTensor(control.name, try tensor(control, position)))
    }
    for state in states {
      let value = position.isStart ? state.initial : kept[state.output] ?? state.initial
      tensors.append(NamedTensor(state.input, value))
    }
    return tensors
  }

  /// The states among a model's outputs.
  func states(in outputs: [NamedTensor]) -> [String: ServedTensor] {
    let names = stateOutputs
    return Dictionary(
      outputs.filter { names.contains($0.name) }.map { ($0.name, $0.tensor) },
      uniquingKeysWith: { first, _ in first })
  }

  private func tensor(
    _ control: Control, _ position: SequencePosition
  ) throws(ServingError) -> ServedTensor {
    let shape = isBatched ? [1, 1] : [1]
    if control.kind == .controlSequenceCorrid {
      return try correlation(control, position.id, shape)
    }
    let isTrue =
      switch control.kind {
      case .controlSequenceStart: position.isStart
      case .controlSequenceEnd: position.isEnd
      default: true
      }
    let value = isTrue ? control.values.1 : control.values.0
    let elements: Elements =
      switch control.dataType {
      case .bool: .boolean([value != 0])
      case .int32: .signed([Int64(value)])
      default: .real([value])
      }
    return try ServedTensor(control.dataType, shape: shape, elements)
  }

  private func correlation(
    _ control: Control, _ id: CorrelationID, _ shape: [Int]
  ) throws(ServingError) -> ServedTensor {
    switch (id, control.dataType) {
    case (.text(let text), .bytes): return try ServedTensor(ByteStrings([text.utf8]), shape: shape)
    case (.number(let number), .bytes):
      return try ServedTensor(ByteStrings(["\(number)".utf8]), shape: shape)
    case (.number(let number), .uint64), (.number(let number), .uint32):
      return try ServedTensor(control.dataType, shape: shape, .unsigned([number]))
    case (.number(let number), .int64), (.number(let number), .int32):
      return try ServedTensor(
        control.dataType, shape: shape, .signed([Int64(truncatingIfNeeded: number)]))
    default:
      throw ServingError(
        .invalidArgument,
        "the correlation ID is a text, but input '\(control.name)' has the type "
          + control.dataType.name)
    }
  }
}
