internal import ApusModelConfig
internal import ApusTensor

/// A request that fits its model. Requests are handed on often, and this much of them never changes.
package final class PreparedRequest: Sendable {
  package let request: InferenceRequest
  /// Items of the batch dimension; 1 where there is none.
  package let batchSize: Int
  /// Inputs as the model takes them, in the configuration's order; those left out are missing.
  package let inputs: [NamedTensor]
  /// Requests with equal keys may be joined: shapes without the batch dimension, presence of
  /// optional inputs, contents of shape tensors.
  let key: [Int]

  init(request: InferenceRequest, batchSize: Int, inputs: [NamedTensor], key: [Int]) {
    self.request = request
    self.batchSize = batchSize
    self.inputs = inputs
    self.key = key
  }
}

extension ModelContract {
  /// Checks a request and brings its inputs into the model's order and shapes. Messages are those that
  /// clients of the protocol know.
  package func prepare(_ request: InferenceRequest) throws(ServingError) -> PreparedRequest {
    var slots = [NamedTensor?](repeating: nil, count: inputs.count)
    var batchSize: Int?
    for (position, input) in request.inputs.enumerated() {
      // Clients mostly keep to the model's order.
      let index =
        position < inputs.count && inputs[position].name == input.name
        ? position : inputIndex[input.name]
      guard let index else {
        throw ServingError(
          .invalidArgument, "unexpected inference input '\(input.name)' for model '\(model)'")
      }
      guard slots[index] == nil else {
        throw ServingError(
          .invalidArgument, "input '\(input.name)' already exists in request")
      }
      slots[index] = try checked(input, inputs[index], &batchSize)
    }
    if slots.contains(where: { $0 == nil }) { try checkMissing(slots, given: request.inputs) }
    for output in request.outputs {
      guard outputIndex[output.name] != nil else {
        throw ServingError(
          .invalidArgument, "unexpected inference output '\(output.name)' for model '\(model)'")
      }
    }
    return PreparedRequest(
      request: request, batchSize: batchSize ?? 1, inputs: slots.compactMap { $0 },
      key: key(of: slots))
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

  private func checked(
    _ input: NamedTensor, _ expected: Tensor, _ batchSize: inout Int?
  ) throws(ServingError) -> NamedTensor {
    let tensor = input.tensor
    guard tensor.dataType == expected.dataType else {
      throw ServingError(
        .invalidArgument,
        "inference input '\(input.name)' data-type is '\(tensor.dataType.name)', but model "
          + "'\(model)' expects '\(expected.dataType.name)'")
    }
    var dims = tensor.shape[...]
    let isBatched = maximumBatch > 0
    func mismatch() -> ServingError {
      let shown = (isBatched ? [-1] : []) + expected.dims
      return ServingError(
        .invalidArgument,
        "unexpected shape for input '\(input.name)' for model '\(model)'. Expected "
          + "\(text(shown)), got \(text(tensor.shape)).")
    }
    if isBatched, !expected.isShapeTensor {
      guard let items = dims.popFirst() else { throw mismatch() }
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
      guard items > 0 else { throw mismatch() }
      batchSize = items
    }
    guard dims.count == expected.dims.count,
      zip(dims, expected.dims).allSatisfy({ $1 == -1 || $0 == $1 })
    else { throw mismatch() }
    guard let reshape = expected.reshape else { return input }
    let lead = isBatched && !expected.isShapeTensor ? [batchSize ?? 1] : []
    return NamedTensor(
      input.name,
      try tensor.reshaped(
        lead + Self.substitute(from: Array(dims), pattern: expected.dims, into: reshape)))
  }

  /// The shape of `target`, whose open extents are those of `dims` where `pattern` is open, in order.
  static func substitute(from dims: [Int], pattern: [Int], into target: [Int]) -> [Int] {
    var open = zip(dims, pattern).filter { $1 == -1 }.map(\.0)[...]
    return target.map { $0 == -1 ? open.popFirst() ?? 1 : $0 }
  }

  private func key(of slots: [NamedTensor?]) -> [Int] {
    var key: [Int] = []
    for (slot, input) in zip(slots, inputs) {
      guard let tensor = slot?.tensor else {
        key.append(-1)
        continue
      }
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
