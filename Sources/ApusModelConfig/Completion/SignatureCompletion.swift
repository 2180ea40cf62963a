internal import ApusServingSchema
internal import ApusTensor

/// Inputs, outputs and batching of a configuration from the model's own types.
struct SignatureCompletion {
  private let signature: ModelSignature
  private let options: CompletionOptions

  init(_ signature: ModelSignature, _ options: CompletionOptions) {
    self.signature = signature
    self.options = options
  }

  func complete(_ config: inout Inference_ModelConfig) throws(ConfigError) {
    // A configuration that tells both says all: a batch size of 0 is meant then.
    let isWhole =
      !config.input.isEmpty && !config.output.isEmpty
      && config.input.allSatisfy { !$0.dims.isEmpty }
      && config.output.allSatisfy { !$0.dims.isEmpty }
    if !isWhole { try completeBatching(&config) }
    try completeInputs(&config)
    try completeOutputs(&config)
  }

  // MARK: Batching

  private func completeBatching(_ config: inout Inference_ModelConfig) throws(ConfigError) {
    let controlled = ConfigNames.supplied(in: config)
    let tensors = signature.inputs.filter { !controlled.contains($0.name) } + signature.outputs
    let fixed = tensors.first { $0.dims?.first != -1 }
    guard fixed == nil else {
      if config.maxBatchSize > 0, let fixed {
        throw ConfigError(
          "is \(config.maxBatchSize), but the model does not support batching: the first dimension "
            + "of '\(fixed.name)' is not variable, its shape is \(Shape.text(fixed.dims))",
          field: "max_batch_size", hint: "set it to 0, or leave it out")
      }
      return
    }
    if config.maxBatchSize == 0, givesNoBatch(config) {
      config.maxBatchSize = Int32(clamping: max(options.defaultMaximumBatchSize, 0))
    }
    if config.maxBatchSize > 1, config.schedulingChoice == nil {
      config.schedulingChoice = .dynamicBatching(Inference_ModelDynamicBatching())
    }
  }

  /// Whether the dimensions that the configuration does give leave room for one of a batch.
  private func givesNoBatch(_ config: Inference_ModelConfig) -> Bool {
    func fits(_ name: String, _ dims: [Int64], _ tensors: [TensorSignature]) -> Bool {
      guard !dims.isEmpty, let rank = tensors.first(where: { $0.name == name })?.dims?.count else {
        return true
      }
      return dims.count == max(rank - 1, 1)
        && !(rank == 1 && dims[0] == -1)
    }
    return config.input.allSatisfy { fits($0.name, $0.dims, signature.inputs) }
      && config.output.allSatisfy { fits($0.name, $0.dims, signature.outputs) }
  }

  // MARK: Inputs and outputs

  private func completeInputs(_ config: inout Inference_ModelConfig) throws(ConfigError) {
    let isBatched = config.maxBatchSize > 0
    if config.input.isEmpty {
      let supplied = ConfigNames.supplied(in: config)
      config.input = try signature.inputs.filter { !supplied.contains($0.name) }.map {
        tensor throws(ConfigError) in
        var input = Inference_ModelInput()
        input.name = tensor.name
        // Batches join requests with the same inputs; a batch without one cannot be told from them.
        input.optional = tensor.isOptional
        return input
      }
    }
    for index in config.input.indices {
      let field = "input[\(index)]"
      guard let tensor = signature.inputs.first(where: { $0.name == config.input[index].name })
      else { continue }
      if config.input[index].dataType == .typeInvalid {
        config.input[index].dataType = try dataType(of: tensor, field: field)
      }
      if config.input[index].dims.isEmpty {
        let (dims, isScalar) = try dims(of: tensor, isBatched: isBatched, field: field)
        config.input[index].dims = dims
        if isScalar, isBatched { config.input[index].reshape = Inference_ModelTensorReshape() }
      }
    }
  }

  private func completeOutputs(_ config: inout Inference_ModelConfig) throws(ConfigError) {
    let isBatched = config.maxBatchSize > 0
    if config.output.isEmpty {
      let supplied = ConfigNames.states(in: config)
      config.output = signature.outputs.filter { !supplied.contains($0.name) }.map { tensor in
        var output = Inference_ModelOutput()
        output.name = tensor.name
        return output
      }
    }
    for index in config.output.indices {
      let field = "output[\(index)]"
      guard let tensor = signature.outputs.first(where: { $0.name == config.output[index].name })
      else { continue }
      if config.output[index].dataType == .typeInvalid {
        config.output[index].dataType = try dataType(of: tensor, field: field)
      }
      if config.output[index].dims.isEmpty {
        let (dims, isScalar) = try dims(of: tensor, isBatched: isBatched, field: field)
        config.output[index].dims = dims
        if isScalar, isBatched { config.output[index].reshape = Inference_ModelTensorReshape() }
      }
    }
  }

  private func dataType(
    of tensor: TensorSignature, field: String
  ) throws(ConfigError) -> Inference_DataType {
    guard let type = tensor.dataType else {
      throw ConfigError(
        "'\(tensor.name)' has elements of type \(tensor.elementName), for which the protocol has no "
          + "name", field: "\(field).data_type")
    }
    return type.configType
  }

  /// The dimensions of a tensor without that of the batch. A single value is shown as one dimension of 1.
  private func dims(
    of tensor: TensorSignature, isBatched: Bool, field: String
  ) throws(ConfigError) -> (dims: [Int64], isScalar: Bool) {
    guard let all = tensor.dims else {
      throw ConfigError(
        "the number of dimensions of '\(tensor.name)' is not known from the model",
        field: "\(field).dims", hint: "give them in config.pbtxt")
    }
    let own = all.dropFirst(isBatched ? 1 : 0)
    return own.isEmpty ? ([1], true) : (own.map { Int64($0) }, false)
  }
}
