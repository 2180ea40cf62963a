internal import ApusServingSchema

/// The graph of an ensemble: each tensor is written once, and all that is needed can be computed.
enum EnsembleRules {
  private typealias Step = Inference_ModelEnsembling.Step

  static func check(
    _ ensemble: Inference_ModelEnsembling, in config: Inference_ModelConfig
  ) throws(ConfigError) {
    if config.hasOptimization {
      throw ConfigError("is not for ensembles", field: "optimization")
    }
    if config.responseCache.enable, config.modelTransactionPolicy.decoupled {
      throw ConfigError("does not go with decoupled responses", field: "response_cache.enable")
    }
    let field = "ensemble_scheduling.step"
    if ensemble.step.isEmpty { throw ConfigError("is missing", field: field) }
    var writers: [String: Int] = [:]
    for input in config.input { writers[input.name] = -1 }
    for (index, step) in ensemble.step.enumerated() {
      try check(step, field: "\(field)[\(index)]", name: config.name)
      for (_, tensor) in step.outputMap.sorted(by: { $0.key < $1.key }) {
        if let other = writers[tensor] {
          throw ConfigError(
            "the ensemble's tensor '\(tensor)' is written "
              + (other < 0 ? "by the request already" : "by step \(other) already"),
            field: "\(field)[\(index)].output_map")
        }
        writers[tensor] = index
      }
    }
    try checkFlow(ensemble.step, writers, config)
  }

  private static func check(_ step: Step, field: String, name: String) throws(ConfigError) {
    if step.modelName.isEmpty { throw ConfigError("is missing", field: "\(field).model_name") }
    if step.modelName == name, step.modelNamespace.isEmpty {
      throw ConfigError("is the ensemble itself", field: "\(field).model_name")
    }
    if step.inputMap.isEmpty { throw ConfigError("is missing", field: "\(field).input_map") }
    if step.outputMap.isEmpty { throw ConfigError("is missing", field: "\(field).output_map") }
    if step.modelVersion < -1 {
      throw ConfigError(
        "is a version from 1 on, or -1 for the newest", field: "\(field).model_version")
    }
    for (map, entries) in [("input_map", step.inputMap), ("output_map", step.outputMap)] {
      for (key, value) in entries where key.isEmpty || value.isEmpty {
        throw ConfigError("has an empty name", field: "\(field).\(map)")
      }
    }
  }

  private static func checkFlow(
    _ steps: [Step], _ writers: [String: Int], _ config: Inference_ModelConfig
  ) throws(ConfigError) {
    let field = "ensemble_scheduling.step"
    var read: Set<String> = []
    for (index, step) in steps.enumerated() {
      for (_, tensor) in step.inputMap.sorted(by: { $0.key < $1.key }) {
        read.insert(tensor)
        if writers[tensor] == nil {
          throw ConfigError(
            "the ensemble's tensor '\(tensor)' is no input and no step writes it",
            field: "\(field)[\(index)].input_map")
        }
      }
    }
    for (index, input) in config.input.enumerated() where !read.contains(input.name) {
      throw ConfigError(
        "the ensemble's input '\(input.name)' is used by no step", field: "input[\(index)]")
    }
    let outputs = Set(config.output.map(\.name))
    for (index, output) in config.output.enumerated() where writers[output.name] == nil {
      throw ConfigError(
        "the ensemble's output '\(output.name)' is written by no step", field: "output[\(index)]")
    }
    for (tensor, step) in writers.sorted(by: { ($0.value, $0.key) < ($1.value, $1.key) })
    where step >= 0 && !read.contains(tensor) && !outputs.contains(tensor) {
      throw ConfigError(
        "the ensemble's tensor '\(tensor)' is used by no step and is no output",
        field: "\(field)[\(step)].output_map")
    }
    try checkOrder(steps, config)
  }

  /// Steps run as soon as their inputs are there; what never becomes ready waits for itself.
  private static func checkOrder(_ steps: [Step], _ config: Inference_ModelConfig)
    throws(ConfigError)
  {
    var ready = Set(config.input.map(\.name))
    var waiting = Array(steps.indices)
    while !waiting.isEmpty {
      let runnable = waiting.filter { steps[$0].inputMap.values.allSatisfy(ready.contains) }
      guard !runnable.isEmpty else {
        let step = waiting[0]
        let missing = steps[step].inputMap.values.filter { !ready.contains($0) }.sorted()
        throw ConfigError(
          "waits for '\(missing.first ?? "")', which waits for this step",
          field: "ensemble_scheduling.step[\(step)]")
      }
      for step in runnable { ready.formUnion(steps[step].outputMap.values) }
      let done = Set(runnable)
      waiting.removeAll { done.contains($0) }
    }
  }
}
