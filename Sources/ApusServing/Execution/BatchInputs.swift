internal import ApusModelConfig
internal import ApusServingSchema
internal import ApusTensor

/// Inputs that the server makes of a batch for models with ragged inputs (`batch_input`), and outputs
/// that it gives back in their shapes (`batch_output`). Facts: Triton's ragged batching guide.
struct BatchInputs: Sendable {
  private struct Rule: Sendable {
    let targets: [String]
    let kind: Inference_BatchInput.Kind
    let dataType: DataType
    let source: String
  }

  private let rules: [Rule]
  /// The source input of each scattered output.
  let scattered: [String: String]

  var isEmpty: Bool { rules.isEmpty && scattered.isEmpty }

  init(_ config: Inference_ModelConfig) throws(ServingError) {
    var rules: [Rule] = []
    for input in config.batchInput {
      guard let source = input.sourceInput.first, let type = DataType(input.dataType),
        type == .int32 || type == .fp32
      else {
        throw ServingError(
          .invalidArgument,
          "batch_input \(input.targetName) needs a source_input and the type TYPE_INT32 or TYPE_FP32"
        )
      }
      rules.append(
        Rule(targets: input.targetName, kind: input.kind, dataType: type, source: source))
    }
    self.rules = rules
    var scattered: [String: String] = [:]
    for output in config.batchOutput {
      guard let source = output.sourceInput.first else {
        throw ServingError(
          .invalidArgument, "batch_output \(output.targetName) has no source_input")
      }
      for target in output.targetName { scattered[target] = source }
    }
    self.scattered = scattered
  }

  /// The tensors for a batch; `shapes` are those of each request by input.
  func tensors(_ shapes: [[String: [Int]]]) throws(ServingError) -> [NamedTensor] {
    var result: [NamedTensor] = []
    for rule in rules {
      let parts = shapes.map { $0[rule.source] ?? [] }
      let counts = parts.map { Array.product($0) ?? 0 }
      var values: [Int] = []
      var shape: [Int]?
      switch rule.kind {
      case .batchElementCount: values = counts
      case .batchAccumulatedElementCount, .batchAccumulatedElementCountWithZero:
        var sum = 0
        if rule.kind == .batchAccumulatedElementCountWithZero { values.append(0) }
        for count in counts {
          sum += count
          values.append(sum)
        }
      case .batchMaxElementCountAsShape:
        // Its shape is the value; the content says nothing.
        shape = [counts.max() ?? 0]
        values = Array(repeating: 0, count: shape?[0] ?? 0)
      case .batchItemShape, .batchItemShapeFlatten:
        for part in parts {
          let items = part.first ?? 1
          for _ in 0..<items { values += part.dropFirst() }
        }
        if rule.kind == .batchItemShape {
          let width = max((parts.first?.count ?? 1) - 1, 0)
          shape = [width > 0 ? values.count / width : 0, width]
        }
      case .UNRECOGNIZED(let value):
        throw ServingError(.unsupported, "batch_input of kind \(value)")
      }
      for target in rule.targets {
        result.append(NamedTensor(target, try tensor(rule.dataType, values, shape)))
      }
    }
    return result
  }

  private func tensor(
    _ type: DataType, _ values: [Int], _ shape: [Int]?
  ) throws(ServingError) -> ServedTensor {
    try ServedTensor(
      type, shape: shape ?? [values.count],
      type == .fp32 ? .real(values.map { Double($0) }) : .signed(values.map { Int64($0) }))
  }
}
