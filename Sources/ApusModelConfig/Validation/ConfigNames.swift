internal import ApusServingSchema

/// Tensors that are no inputs or outputs of requests.
enum ConfigNames {
  /// Inputs of the model that the server itself supplies.
  static func supplied(in config: Inference_ModelConfig) -> Set<String> {
    var names = Set(config.batchInput.flatMap(\.targetName))
    guard case .sequenceBatching(let sequence)? = config.schedulingChoice else { return names }
    names.formUnion(sequence.controlInput.map(\.name))
    names.formUnion(sequence.state.map(\.inputName))
    return names
  }

  /// Outputs of the model that the server keeps between the requests of a sequence.
  static func states(in config: Inference_ModelConfig) -> Set<String> {
    guard case .sequenceBatching(let sequence)? = config.schedulingChoice else { return [] }
    return Set(sequence.state.map(\.outputName))
  }
}

/// Shapes in messages.
enum Shape {
  static func text(_ dims: [Int]?) -> String {
    guard let dims else { return "of unknown rank" }
    return "[" + dims.map { "\($0)" }.joined(separator: ",") + "]"
  }
}
