package import ApusServingSchema

/// Fills in what a configuration leaves out and the model's directory and file tell.
package enum ConfigCompletion {
  /// Completes a configuration as far as it can be known: the name, backend, platform and file from the
  /// directory, and, once the model is read and its `signature` known, inputs, outputs and batching. What
  /// the configuration says itself stays. Completing again changes nothing.
  ///
  /// `backendHint` is what the files are, where the caller has looked; else `options.files` tell. Throws
  /// where the configuration names an input or output that the model lacks, or batching that the model
  /// cannot.
  package static func complete(
    _ config: inout Inference_ModelConfig, name: String, backendHint: ModelBackend? = nil,
    signature: ModelSignature? = nil, options: CompletionOptions = CompletionOptions()
  ) throws(ConfigError) {
    if config.name.isEmpty { config.name = name }
    guard config.name == name else {
      throw ConfigError(
        "is '\(config.name)', but the model's directory is '\(name)'", field: "name",
        hint: "the two must be equal; the field can be left out")
    }
    completeBackend(&config, hint: backendHint, files: options.files)
    if let signature {
      try SignatureCompletion(signature, options).complete(&config)
    }
  }

  private static func completeBackend(
    _ config: inout Inference_ModelConfig, hint: ModelBackend?, files: [String]
  ) {
    if case .ensembleScheduling? = config.schedulingChoice, config.platform.isEmpty,
      config.backend.isEmpty
    {
      config.platform = ModelBackend.ensemble.platform
    }
    guard config.platform != ModelBackend.ensemble.platform else { return }
    if config.backend.isEmpty {
      let detected = ModelBackend.detect(in: files)?.backend
      let saysNothing = config.platform.isEmpty && config.defaultModelFilename.isEmpty
      let backend =
        ModelBackend.allCases.first { !$0.platform.isEmpty && $0.platform == config.platform }
        ?? ModelBackend.allCases.first { $0.filenames.contains(config.defaultModelFilename) }
        ?? (config.platform.isEmpty ? hint : nil)
        ?? (saysNothing ? detected ?? suffix(of: config.name) : nil)
      config.backend = backend?.names.first ?? ""
    }
    let known = ModelBackend.allCases.filter { $0.names.contains(config.backend) }
    let platform = known.first { $0.platform == config.platform && !$0.platform.isEmpty }
    let named = known.first { $0.filenames.contains(config.defaultModelFilename) }
    let held = ModelBackend.detect(in: files)?.backend
    let told = [hint, held].compactMap(\.self).first { known.contains($0) }
    guard let backend = platform ?? named ?? told ?? known.first else { return }
    if config.platform.isEmpty { config.platform = backend.platform }
    if config.defaultModelFilename.isEmpty, let usual = backend.filenames.first {
      config.defaultModelFilename = backend.filenames.first { files.contains($0) } ?? usual
    }
  }

  /// A directory called `model.identity` asks for a backend by its name.
  private static func suffix(of name: String) -> ModelBackend? {
    guard let point = name.firstIndex(of: ".") else { return nil }
    let suffix = String(name[name.index(after: point)...])
    return ModelBackend.allCases.first { $0.filenames.isEmpty && $0.names.contains(suffix) }
  }
}
