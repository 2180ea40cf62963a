internal import ApusServingSchema

/// A step of an ensemble (`ModelEnsembling.Step`).
struct EnsembleStep: Sendable {
  let model: String
  /// Nil for the newest.
  let version: Int?
  /// The ensemble's tensor by the model's input.
  let inputs: [(input: String, tensor: String)]
  /// The ensemble's tensor by the model's output.
  let outputs: [(output: String, tensor: String)]

  init(_ step: Inference_ModelEnsembling.Step) {
    model = step.modelName
    version = step.modelVersion > 0 ? Int(step.modelVersion) : nil
    inputs = step.inputMap.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    outputs = step.outputMap.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

/// The steps of an ensemble with its tensors by number, so that a request looks nothing up.
struct EnsemblePlan: Sendable {
  struct Step: Sendable {
    let model: String
    let version: Int?
    let inputs: [(name: String, tensor: Int)]
    /// Tensors that have to be there before it begins. Optional inputs of the ensemble that a client left out hold
    /// nobody up.
    let needs: [Int]
    let outputs: [(name: String, tensor: Int)]
    let requested: [RequestedOutput]
  }

  let steps: [Step]
  let tensorCount: Int
  /// Tensors of the ensemble's inputs, in the contract's order.
  let inputs: [Int]
  /// Of its outputs.
  let outputs: [(name: String, tensor: Int)]

  init(_ steps: [EnsembleStep], _ contract: ModelContract) {
    var numbers: [String: Int] = [:]
    func number(_ tensor: String) -> Int {
      if let known = numbers[tensor] { return known }
      numbers[tensor] = numbers.count
      return numbers.count - 1
    }
    inputs = contract.inputs.map { number($0.name) }
    outputs = contract.outputs.map { ($0.name, number($0.name)) }
    let optional = Set(contract.inputs.filter(\.isOptional).map(\.name))
    self.steps = steps.map { step in
      Step(
        model: step.model, version: step.version,
        inputs: step.inputs.map { ($0.input, number($0.tensor)) },
        needs: step.inputs.filter { !optional.contains($0.tensor) }.map { number($0.tensor) },
        outputs: step.outputs.map { ($0.output, number($0.tensor)) },
        requested: step.outputs.map { RequestedOutput($0.output) })
    }
    tensorCount = numbers.count
  }

  /// The tensors that a request brings, by number.
  func tensors(of request: PreparedRequest, _ contract: ModelContract) -> [ServedTensor?] {
    var tensors = [ServedTensor?](repeating: nil, count: tensorCount)
    for input in request.inputs {
      if let index = contract.inputIndex[input.name] { tensors[inputs[index]] = input.tensor }
    }
    return tensors
  }
}
