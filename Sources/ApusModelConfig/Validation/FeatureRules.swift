internal import ApusServingSchema

/// What the rest of a configuration asks for.
enum FeatureRules {
  static func check(_ config: Inference_ModelConfig) throws(ConfigError) {
    if config.responseCache.enable, config.modelTransactionPolicy.decoupled {
      throw ConfigError("does not go with decoupled responses", field: "response_cache.enable")
    }
    if !config.modelOperations.opLibraryFilename.isEmpty {
      throw ConfigError(
        "libraries of custom operators for other runtimes cannot be loaded",
        field: "model_operations.op_library_filename")
    }
    if !config.modelRepositoryAgents.agents.isEmpty {
      throw ConfigError("repository agents are not supported", field: "model_repository_agents")
    }
    for (index, control) in config.modelMetrics.metricControl.enumerated() {
      try check(control, field: "model_metrics.metric_control[\(index)]")
    }
  }

  private static func check(
    _ control: Inference_ModelMetrics.MetricControl, field: String
  ) throws(ConfigError) {
    if control.metricIdentifier.family.isEmpty {
      throw ConfigError("is missing", field: "\(field).metric_identifier.family")
    }
    guard case .histogramOptions(let options)? = control.metricOptions, !options.buckets.isEmpty
    else { throw ConfigError("is missing", field: "\(field).histogram_options.buckets") }
    let ascends = zip(options.buckets, options.buckets.dropFirst()).allSatisfy { $0 < $1 }
    guard ascends, options.buckets.allSatisfy(\.isFinite) else {
      throw ConfigError("must ascend", field: "\(field).histogram_options.buckets")
    }
  }
}
