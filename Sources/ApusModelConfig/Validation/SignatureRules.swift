internal import ApusServingSchema
internal import ApusTensor

/// Inputs and outputs of a configuration against those of the model.
enum SignatureRules {
  static func check(
    _ config: Inference_ModelConfig, _ signature: ModelSignature
  ) throws(ConfigError) {
    let scattered = Set(config.batchOutput.flatMap(\.targetName))
    var named: Set<String> = ConfigNames.supplied(in: config)
    for (index, input) in config.input.enumerated() {
      let field = "input[\(index)]"
      named.insert(input.name)
      let tensor = try find(input.name, in: signature.inputs, "input", field: "\(field).name")
      try checkType(input.dataType, tensor, field: "\(field).data_type")
      if input.allowRaggedBatch, config.maxBatchSize > 0 {
        guard tensor.dims == nil || tensor.dims == [-1] else {
          throw ConfigError(
            "the model's '\(input.name)' must have the shape [-1], has \(Shape.text(tensor.dims))",
            field: "\(field).allow_ragged_batch")
        }
      } else {
        try checkDims(
          input.hasReshape ? input.reshape.shape : input.dims, tensor, config,
          field: "\(field).dims", isInput: true)
      }
    }
    for (index, output) in config.output.enumerated() {
      let field = "output[\(index)]"
      let tensor = try find(output.name, in: signature.outputs, "output", field: "\(field).name")
      try checkType(output.dataType, tensor, field: "\(field).data_type")
      if !scattered.contains(output.name) {
        try checkDims(
          output.hasReshape ? output.reshape.shape : output.dims, tensor, config,
          field: "\(field).dims", isInput: false)
      }
    }
    try checkSupplied(config, signature)
    for tensor in signature.inputs where !named.contains(tensor.name) && !tensor.isOptional {
      throw ConfigError(
        "lacks '\(tensor.name)', which the model needs: configuration has \(named.count) inputs, "
          + "model has \(signature.inputs.count)", field: "input")
    }
  }

  private static func find(
    _ name: String, in tensors: [TensorSignature], _ kind: String, field: String
  ) throws(ConfigError) -> TensorSignature {
    if let tensor = tensors.first(where: { $0.name == name }) { return tensor }
    let names = tensors.map(\.name)
    let nearest = Spelling.nearest(to: name, among: names).first.map { "did you mean '\($0)'?" }
    throw ConfigError(
      "the model has no \(kind) '\(name)'", field: field,
      hint: nearest ?? "\(kind)s: " + names.joined(separator: ", "))
  }

  private static func checkType(
    _ type: Inference_DataType, _ tensor: TensorSignature, field: String
  ) throws(ConfigError) {
    guard let found = DataType(type), found != tensor.dataType else { return }
    let own = tensor.dataType.map { "TYPE_\($0 == .bytes ? "STRING" : $0.name)" }
    throw ConfigError(
      "is TYPE_\(found == .bytes ? "STRING" : found.name), but '\(tensor.name)' of the model is "
        + (own ?? tensor.elementName), field: field)
  }

  private static func checkDims(
    _ dims: [Int64], _ tensor: TensorSignature, _ config: Inference_ModelConfig, field: String,
    isInput: Bool
  ) throws(ConfigError) {
    guard let model = tensor.dims else { return }
    let isBatched = config.maxBatchSize > 0
    if isBatched, model.first != -1 {
      throw ConfigError(
        "is \(config.maxBatchSize), but the first dimension of '\(tensor.name)' is not variable: "
          + "its shape is \(Shape.text(model))", field: "max_batch_size",
        hint: "set it to 0 and give all dims")
    }
    // Single values are shown as dims of 1.
    if model.isEmpty, dims.allSatisfy({ $0 == 1 }) { return }
    let whole = (isBatched ? [-1] : []) + dims.map { Int($0) }
    let fits =
      whole.count == model.count
      && zip(whole, model).allSatisfy { own, other in
        own == other || other == -1 || (own == -1 && !isInput)
      }
    guard fits else {
      throw ConfigError(
        "the model's shape of '\(tensor.name)' is \(Shape.text(model)), the configuration's is "
          + "\(Shape.text(whole))"
          + (isBatched
            ? ", with the batch dimension that max_batch_size > 0 puts before dims" : ""),
        field: field)
    }
  }

  /// Inputs that the server supplies must be there to take them.
  private static func checkSupplied(
    _ config: Inference_ModelConfig, _ signature: ModelSignature
  ) throws(ConfigError) {
    for (index, batch) in config.batchInput.enumerated() {
      for name in batch.targetName {
        let field = "batch_input[\(index)]"
        let tensor = try find(name, in: signature.inputs, "input", field: "\(field).target_name")
        try checkType(batch.dataType, tensor, field: "\(field).data_type")
      }
    }
    guard case .sequenceBatching(let sequence)? = config.schedulingChoice else { return }
    for (index, input) in sequence.controlInput.enumerated() {
      let field = "sequence_batching.control_input[\(index)]"
      let tensor = try find(input.name, in: signature.inputs, "input", field: "\(field).name")
      for control in input.control {
        try checkType(dataType(of: control), tensor, field: "\(field).control[0]")
      }
    }
    for (index, state) in sequence.state.enumerated() {
      let field = "sequence_batching.state[\(index)]"
      let input = try find(
        state.inputName, in: signature.inputs, "input", field: "\(field).input_name")
      let output = try find(
        state.outputName, in: signature.outputs, "output", field: "\(field).output_name")
      try checkType(state.dataType, input, field: "\(field).data_type")
      try checkType(state.dataType, output, field: "\(field).data_type")
      try checkDims(state.dims, input, config, field: "\(field).dims", isInput: false)
      try checkDims(state.dims, output, config, field: "\(field).dims", isInput: false)
    }
  }

  private static func dataType(
    of control: Inference_ModelSequenceBatching.Control
  ) -> Inference_DataType {
    if control.kind == .controlSequenceCorrid { return control.dataType }
    if !control.int32FalseTrue.isEmpty { return .typeInt32 }
    return control.fp32FalseTrue.isEmpty ? .typeBool : .typeFp32
  }
}
