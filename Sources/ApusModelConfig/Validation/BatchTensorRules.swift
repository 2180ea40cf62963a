internal import ApusServingSchema

/// Inputs and outputs that describe the batch itself, for requests of different shapes.
enum BatchTensorRules {
  static func check(_ config: Inference_ModelConfig) throws(ConfigError) {
    let inputs = Set(config.input.map(\.name))
    let outputs = Set(config.output.map(\.name))
    var targets = inputs
    for (index, batch) in config.batchInput.enumerated() {
      let field = "batch_input[\(index)]"
      try checkSource(batch.sourceInput, inputs, field)
      guard batch.dataType == .typeInt32 || batch.dataType == .typeFp32 else {
        throw ConfigError("must be TYPE_INT32 or TYPE_FP32", field: "\(field).data_type")
      }
      if batch.targetName.isEmpty { throw ConfigError("is empty", field: "\(field).target_name") }
      for name in batch.targetName where !targets.insert(name).inserted {
        throw ConfigError(
          "'\(name)' is the name of another input", field: "\(field).target_name")
      }
    }
    targets = []
    for (index, batch) in config.batchOutput.enumerated() {
      let field = "batch_output[\(index)]"
      try checkSource(batch.sourceInput, inputs, field)
      if batch.targetName.isEmpty { throw ConfigError("is empty", field: "\(field).target_name") }
      for name in batch.targetName {
        guard outputs.contains(name) else {
          throw ConfigError("'\(name)' is none of the outputs", field: "\(field).target_name")
        }
        guard targets.insert(name).inserted else {
          throw ConfigError("'\(name)' is named twice", field: "\(field).target_name")
        }
      }
    }
    if config.maxBatchSize == 0, !(config.batchInput.isEmpty && config.batchOutput.isEmpty) {
      throw ConfigError(
        "is for models that are batched, and max_batch_size is 0",
        field: config.batchInput.isEmpty ? "batch_output" : "batch_input")
    }
  }

  private static func checkSource(
    _ sources: [String], _ inputs: Set<String>, _ field: String
  ) throws(ConfigError) {
    guard sources.count == 1 else {
      throw ConfigError(
        "names one input, found \(sources.count)", field: "\(field).source_input")
    }
    for name in sources where !inputs.contains(name) {
      throw ConfigError("'\(name)' is none of the inputs", field: "\(field).source_input")
    }
  }
}
