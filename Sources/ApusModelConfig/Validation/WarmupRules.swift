internal import ApusServingSchema

/// Requests that run before a model is ready.
enum WarmupRules {
  static func check(_ config: Inference_ModelConfig) throws(ConfigError) {
    guard !config.modelWarmup.isEmpty else { return }
    if config.platform == ModelBackend.ensemble.platform {
      throw ConfigError(
        "is not for ensembles; their models have warm-ups of their own", field: "model_warmup")
    }
    let supplied = ConfigNames.supplied(in: config)
    for (index, sample) in config.modelWarmup.enumerated() {
      let field = "model_warmup[\(index)]"
      if config.maxBatchSize > 0, Int64(sample.batchSize) > Int64(config.maxBatchSize) {
        throw ConfigError(
          "is \(sample.batchSize), more than max_batch_size, which is \(config.maxBatchSize)",
          field: "\(field).batch_size")
      }
      if config.maxBatchSize == 0, sample.batchSize > 1 {
        throw ConfigError(
          "is \(sample.batchSize), and the model is not batched", field: "\(field).batch_size")
      }
      for (name, input) in sample.inputs.sorted(by: { $0.key < $1.key }) {
        let field = "\(field).inputs['\(name)']"
        if !config.input.isEmpty, !supplied.contains(name),
          !config.input.contains(where: { $0.name == name })
        {
          throw ConfigError("is none of the inputs", field: field)
        }
        guard DataType(input.dataType) != nil else {
          throw ConfigError("is missing", field: "\(field).data_type")
        }
        try TensorRules.checkDims(
          input.dims, field: "\(field).dims", of: name, allowsVariable: false)
        switch input.inputDataType {
        case .inputDataFile(let file):
          if file.isEmpty { throw ConfigError("is empty", field: "\(field).input_data_file") }
          try FileRules.check(file, field: "\(field).input_data_file")
        case .zeroData, .randomData: break
        case nil:
          throw ConfigError(
            "must have one of zero_data, random_data and input_data_file", field: field)
        }
      }
    }
  }
}
