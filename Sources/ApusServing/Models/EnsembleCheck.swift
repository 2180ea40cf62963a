internal import ApusModelConfig
internal import ApusServingSchema

/// Checks that the models of an ensemble's steps are there and fit each other.
struct EnsembleCheck {
  private let contract: ModelContract
  /// The type of each tensor, and where it was found.
  private var types: [String: (type: DataType, place: String)] = [:]

  /// How many items the steps run at once, all together. Throws where a model is missing, or two of them
  /// disagree about a tensor.
  static func capacity(
    _ config: Inference_ModelConfig, _ contract: ModelContract,
    lookup: (String, Int?) -> ServedVersion?
  ) throws(ServingError) -> Int {
    var check = EnsembleCheck(contract)
    var capacity = 0
    for step in config.ensembleScheduling.step {
      let version = step.modelVersion > 0 ? Int(step.modelVersion) : nil
      guard let model = lookup(step.modelName, version) else {
        throw ServingError(
          .invalidArgument,
          "ensemble '\(contract.model)' depends on '\(step.modelName)' which has no loaded version")
      }
      try check.add(step, model.contract)
      let instances = model.config.instanceGroup.reduce(0) { $0 + max(Int($1.count), 1) }
      capacity += max(instances, 1) * max(model.contract.maximumBatch, 1)
    }
    for output in contract.outputs {
      try check.add(output.name, output.dataType, "the ensemble's output")
    }
    return capacity
  }

  private init(_ contract: ModelContract) {
    self.contract = contract
    for input in contract.inputs { types[input.name] = (input.dataType, "the ensemble's input") }
  }

  private mutating func add(
    _ step: Inference_ModelEnsembling.Step, _ model: ModelContract
  ) throws(ServingError) {
    for (input, tensor) in step.inputMap.sorted(by: { $0.key < $1.key }) {
      guard let index = model.inputIndex[input] else {
        throw ServingError(
          .invalidArgument,
          "in ensemble '\(contract.model)', step '\(step.modelName)' has no input '\(input)'")
      }
      try add(tensor, model.inputs[index].dataType, "input '\(input)' of '\(step.modelName)'")
    }
    for (output, tensor) in step.outputMap.sorted(by: { $0.key < $1.key }) {
      guard let index = model.outputIndex[output] else {
        throw ServingError(
          .invalidArgument,
          "in ensemble '\(contract.model)', step '\(step.modelName)' has no output '\(output)'")
      }
      try add(tensor, model.outputs[index].dataType, "output '\(output)' of '\(step.modelName)'")
    }
  }

  private mutating func add(
    _ tensor: String, _ type: DataType, _ place: String
  ) throws(ServingError) {
    if let (known, other) = types[tensor], known != type {
      throw ServingError(
        .invalidArgument,
        "in ensemble '\(contract.model)', tensor '\(tensor)' is \(known.name) as \(other) and "
          + "\(type.name) as \(place)")
    }
    types[tensor] = (type, place)
  }
}
