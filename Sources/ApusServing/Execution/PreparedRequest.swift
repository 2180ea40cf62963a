internal import ApusModelConfig
internal import ApusTensor

/// A request that fits its model. Requests are handed on often, and this much of them never changes.
package final class PreparedRequest: Sendable {
  package let request: InferenceRequest
  /// Items of the batch dimension; 1 where there is none.
  package let batchSize: Int
  /// Inputs as the model takes them, in the configuration's order; those left out are missing.
  package let inputs: [NamedTensor]

  init(request: InferenceRequest, batchSize: Int, inputs: [NamedTensor]) {
    self.request = request
    self.batchSize = batchSize
    self.inputs = inputs
  }
}

extension ModelContract {
  /// Checks a request and brings its inputs into the model's order and shapes. Messages are those that
  /// clients of the protocol know.
  package func prepare(_ request: InferenceRequest) throws(ServingError) -> PreparedRequest {
    // Clients mostly keep to the model's order.
    var given = isInOrder(request.inputs) ? request.inputs : try ordered(request.inputs)
    var batchSize: Int?
    var expected = inputs.startIndex
    for index in given.indices {
      while inputs[expected].name != given[index].name { expected += 1 }
      try check(given[index], inputs[expected], &batchSize)
      if inputs[expected].reshape != nil {
        given[index] = try reshaped(given[index], inputs[expected], batchSize)
      }
    }
    for output in request.outputs where outputIndex[output.name] == nil {
      throw ServingError(
        .invalidArgument, "unexpected inference output '\(output.name)' for model '\(model)'")
    }
    return PreparedRequest(request: request, batchSize: batchSize ?? 1, inputs: given)
  }

  /// Whether these are all inputs of the model in its order.
  private func isInOrder(_ given: [NamedTensor]) -> Bool {
    guard given.count == inputs.count else { return false }
    for index in given.indices where given[index].name != inputs[index].name { return false }
    return true
  }

  private func ordered(_ given: [NamedTensor]) throws(ServingError) -> [NamedTensor] {
    var slots = [NamedTensor?](repeating: nil, count: inputs.count)
    for input in given {
      guard let index = inputIndex[input.name] else {
        throw ServingError(
          .invalidArgument, "unexpected inference input '\(input.name)' for model '\(model)'")
      }
      guard slots[index] == nil else {
        throw ServingError(
          .invalidArgument, "input '\(input.name)' already exists in request")
      }
      slots[index] = input
    }
    if slots.contains(where: { $0 == nil }) { try checkMissing(slots, given: given) }
    return slots.compactMap(\.self)
  }

  private func checkMissing(
    _ slots: [NamedTensor?], given: [NamedTensor]
  ) throws(ServingError) {
    let missing = zip(inputs, slots).filter { !$0.isOptional && $1 == nil }.map(\.0.name)
    guard !missing.isEmpty else { return }
    let names = given.map { "'\($0.name)'" }.joined(separator: ",")
    let required = inputs.filter { !$0.isOptional }.map { "'\($0.name)'" }.joined(separator: ",")
    throw ServingError(
      .invalidArgument,
      "expected \(requiredInputs) inputs but got \(given.count) inputs for model '\(model)'. Got "
        + "input(s) [\(names)], but missing required input(s) ["
        + missing.map { "'\($0)'" }.joined(separator: ",") + "]. Please provide all required "
        + "input(s): [\(required)]")
  }

  private func check(
    _ input: NamedTensor, _ expected: Tensor, _ batchSize: inout Int?
  ) throws(ServingError) {
    let tensor = input.tensor
    guard tensor.dataType == expected.dataType else {
      throw ServingError(
        .invalidArgument,
        "inference input '\(input.name)' data-type is '\(tensor.dataType.name)', but model "
          + "'\(model)' expects '\(expected.dataType.name)'")
    }
    var lead = 0
    if maximumBatch > 0, !expected.isShapeTensor {
      guard let items = tensor.shape.first else { throw mismatch(input, expected) }
      if let known = batchSize, known != items {
        throw ServingError(
          .invalidArgument,
          "input '\(input.name)' batch size does not match other inputs for '\(model)'")
      }
      guard items <= maximumBatch else {
        throw ServingError(
          .invalidArgument,
          "inference request batch-size must be <= \(maximumBatch) for '\(model)'")
      }
      guard items > 0 else { throw mismatch(input, expected) }
      batchSize = items
      lead = 1
    }
    guard tensor.shape.count - lead == expected.dims.count else { throw mismatch(input, expected) }
    for index in expected.dims.indices {
      let extent = expected.dims[index]
      guard extent == -1 || extent == tensor.shape[lead + index] else {
        throw mismatch(input, expected)
      }
    }
  }

  private func mismatch(_ input: NamedTensor, _ expected: Tensor) -> ServingError {
    let shown = (maximumBatch > 0 ? [-1] : []) + expected.dims
    return ServingError(
      .invalidArgument,
      "unexpected shape for input '\(input.name)' for model '\(model)'. Expected "
        + "\(text(shown)), got \(text(input.tensor.shape)).")
  }

  /// The input in the shape that the model sees.
  private func reshaped(
    _ input: NamedTensor, _ expected: Tensor, _ batchSize: Int?
  ) throws(ServingError) -> NamedTensor {
    let lead = maximumBatch > 0 && !expected.isShapeTensor ? [batchSize ?? 1] : []
    return NamedTensor(
      input.name,
      try input.tensor.reshaped(
        lead
          + Self.substitute(
            from: Array(input.tensor.shape.dropFirst(lead.count)), pattern: expected.dims,
            into: expected.reshape ?? [])))
  }

  /// The shape of `target`, whose open extents are those of `dims` where `pattern` is open, in order.
  static func substitute(from dims: [Int], pattern: [Int], into target: [Int]) -> [Int] {
    var open = zip(dims, pattern).filter { $1 == -1 }.map(\.0)[...]
    return target.map { $0 == -1 ? open.popFirst() ?? 1 : $0 }
  }

  /// Requests with equal keys may be joined: shapes without the batch dimension, presence of optional inputs,
  /// contents of shape tensors. `given` are inputs of a prepared request.
  func key(of given: [NamedTensor]) -> [Int] {
    var key: [Int] = []
    var given = given[...]
    for input in inputs {
      guard let tensor = given.first?.tensor, given.first?.name == input.name else {
        key.append(-1)
        continue
      }
      given.removeFirst()
      let shape = maximumBatch > 0 ? tensor.shape.dropFirst() : tensor.shape[...]
      if input.isShapeTensor {
        key += tensor.integers
      } else if !input.isRagged {
        key += shape
      }
      key.append(-2)
    }
    return key
  }

  private func text(_ shape: [Int]) -> String {
    "[" + shape.map(String.init).joined(separator: ",") + "]"
  }
}

extension ServedTensor {
  /// The same elements in another shape of as many.
  func reshaped(_ shape: [Int]) throws(ServingError) -> ServedTensor {
    switch content {
    case .bytes(let strings): return try ServedTensor(strings, shape: shape)
    case .dense(let tensor):
      guard let other = try? tensor.reshaped(shape), let served = ServedTensor(other) else {
        throw ServingError(
          .invalidArgument, "a tensor of shape \(self.shape) cannot take the shape \(shape)")
      }
      return served
    }
  }

  /// The elements of a tensor of integers; empty for others.
  var integers: [Int] {
    guard case .dense(let tensor) = content, let values = try? tensor.integers() else { return [] }
    return values
  }
}
