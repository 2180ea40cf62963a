package import ApusServingSchema

/// Finds what is wrong in a configuration before a model is served by it.
package enum ConfigValidation {
  /// Throws the first thing that is wrong in a completed and normalised configuration, with its field,
  /// and what it asks for and this server cannot. With a `signature`, inputs and outputs are compared with
  /// those of the model as well.
  package static func validate(
    _ config: Inference_ModelConfig, signature: ModelSignature? = nil
  ) throws(ConfigError) {
    if config.name.isEmpty { throw ConfigError("is empty", field: "name") }
    let backend = try ModelBackend(config)
    guard config.maxBatchSize >= 0 else {
      throw ConfigError("must be 0 or more, is \(config.maxBatchSize)", field: "max_batch_size")
    }
    try VersionPolicyRules.check(config)
    try TensorRules.check(config, backend)
    try BatchTensorRules.check(config)
    switch config.schedulingChoice {
    case .dynamicBatching(let dynamic): try DynamicBatchingRules.check(dynamic, in: config)
    case .sequenceBatching(let sequence): try SequenceBatchingRules.check(sequence, in: config)
    case .ensembleScheduling(let ensemble): try EnsembleRules.check(ensemble, in: config)
    case nil:
      if backend == .ensemble {
        throw ConfigError(
          "is missing, and the platform is 'ensemble'", field: "ensemble_scheduling")
      }
    }
    try InstanceRules.check(config, backend)
    try FeatureRules.check(config)
    try WarmupRules.check(config)
    if let signature { try SignatureRules.check(config, signature) }
  }
}
