internal import ApusServingSchema

/// State that the server keeps between the requests of a sequence.
enum StateRules {
  static func check(
    _ states: [Inference_ModelSequenceBatching.State], in config: Inference_ModelConfig
  ) throws(ConfigError) {
    let inputs = Set(config.input.map(\.name))
    var inputNames: Set<String> = []
    var outputNames: Set<String> = []
    for (index, state) in states.enumerated() {
      let field = "sequence_batching.state[\(index)]"
      if state.inputName.isEmpty { throw ConfigError("is empty", field: "\(field).input_name") }
      if state.outputName.isEmpty { throw ConfigError("is empty", field: "\(field).output_name") }
      guard inputNames.insert(state.inputName).inserted else {
        throw ConfigError("'\(state.inputName)' is named twice", field: "\(field).input_name")
      }
      guard outputNames.insert(state.outputName).inserted else {
        throw ConfigError("'\(state.outputName)' is named twice", field: "\(field).output_name")
      }
      if inputs.contains(state.inputName) {
        throw ConfigError(
          "'\(state.inputName)' is an input as well", field: "\(field).input_name",
          hint: "the server supplies states; take it out of 'input'")
      }
      guard DataType(state.dataType) != nil else {
        throw ConfigError("of '\(state.inputName)' is missing", field: "\(field).data_type")
      }
      guard !state.dims.isEmpty else {
        throw ConfigError("of '\(state.inputName)' is missing", field: "\(field).dims")
      }
      try TensorRules.checkDims(state.dims, field: "\(field).dims", of: state.inputName)
      try checkInitial(state, field: "\(field).initial_state")
      if state.useGrowableMemory, !state.useSameBufferForInputOutput {
        throw ConfigError(
          "needs use_same_buffer_for_input_output", field: "\(field).use_growable_memory")
      }
    }
  }

  private static func checkInitial(
    _ state: Inference_ModelSequenceBatching.State, field: String
  ) throws(ConfigError) {
    guard state.initialState.count <= 1 else {
      throw ConfigError(
        "of '\(state.inputName)' is one at most, found \(state.initialState.count)", field: field)
    }
    guard let initial = state.initialState.first else { return }
    let field = "\(field)[0]"
    if initial.name.isEmpty { throw ConfigError("is empty", field: "\(field).name") }
    guard initial.dataType == state.dataType else {
      throw ConfigError("is not the type of '\(state.inputName)'", field: "\(field).data_type")
    }
    try TensorRules.checkDims(
      initial.dims, field: "\(field).dims", of: state.inputName, allowsVariable: false)
    let fits =
      initial.dims.count == state.dims.count
      && zip(initial.dims, state.dims).allSatisfy { $1 == -1 || $0 == $1 }
    guard fits else {
      throw ConfigError(
        "\(TensorRules.text(initial.dims)) does not fit \(TensorRules.text(state.dims)) of "
          + "'\(state.inputName)'", field: "\(field).dims")
    }
    switch initial.stateData {
    case .dataFile(let name):
      if name.isEmpty { throw ConfigError("is empty", field: "\(field).data_file") }
      try FileRules.check(name, field: "\(field).data_file")
    case .zeroData: break
    case nil:
      throw ConfigError("must have one of zero_data and data_file", field: field)
    }
  }
}
