package import ApusTensor

/// Normalises the axes from `axis` on to mean 0 and variance 1, then scales and shifts:
/// y = (x − mean) / √(variance + epsilon) · scale + bias.
///
/// Operands `input` (real), optional `scale` and `bias` that broadcast to the normalised axes. With
/// `statistics`, mean and inverse deviation are further results. Source: Ba et al. 2016; ONNX
/// LayerNormalization-17.
package struct LayerNormalization: Operator {
  package static let name = "layer_normalization"
  package static let operandNames = ["input", "scale", "bias"]
  package static var fields: [Field<Self>] {
    [
      Field("axis", \.axis), Field("epsilon", \.epsilon), Field("statistics", \.statistics),
    ]
  }

  package var axis = -1
  package var epsilon = 1e-5
  package var statistics = false

  package init() {}
  package init(axis: Int, epsilon: Double, statistics: Bool = false) {
    self.axis = axis
    self.epsilon = epsilon
    self.statistics = statistics
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...3)
    let input = try operands.require(0, arithmetic: [.real])
    for index in 1...2 where operands[index] != nil {
      let fact = try operands.require(index, arithmetic: [.real])
      let shape = try broadcast(input.shape, fact.shape)
      guard shape.rank == input.shape.rank || shape.rank == nil || input.shape.rank == nil else {
        throw .broadcast(input.shape, fact.shape)
      }
    }
    if let rank = input.type.rank { _ = try normalize(axis: axis, rank: rank) }
    guard statistics else { return [Fact(input.type)] }
    guard let extents = input.type.extents else {
      let unknown = Fact(TensorType(.float32, .unranked))
      return [Fact(input.type), unknown, unknown]
    }
    let axis = try normalize(axis: self.axis, rank: extents.count)
    let reduced = extents.enumerated().map { $0 < axis ? $1 : 1 }
    let fact = Fact(TensorType(.float32, .ranked(reduced)))
    return [Fact(input.type), fact, fact]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    let axis = try normalized(self.axis, rank: input.rank)
    let length = Array.product(Array(input.shape[axis...])) ?? 0
    var values = try input.decodedReals()
    let rows =
      statistics || !values.isEmpty ? try allocatable(Array(input.shape[..<axis])) : 0
    var means: [Double] = []
    var deviations: [Double] = []
    for row in 0..<rows {
      let range = (row * length)..<((row + 1) * length)
      let mean = range.reduce(0) { $0 + values[$1] } / Double(length)
      let variance =
        range.reduce(0) { $0 + (values[$1] - mean) * (values[$1] - mean) } / Double(length)
      let inverse = 1 / (variance + epsilon).squareRoot()
      for index in range { values[index] = (values[index] - mean) * inverse }
      means.append(mean)
      deviations.append(inverse)
    }
    let output = try scaled(values, input, operands.optional(1), operands.optional(2))
    guard statistics else { return [output] }
    let reduced = input.shape.enumerated().map { $0 < axis ? $1 : 1 }
    return [
      output, try .make(.float32, reduced, .real(means)),
      try .make(.float32, reduced, .real(deviations)),
    ]
  }
}

/// y = x · scale + bias with both broadcast, in the input's type.
func scaled(
  _ values: [Double], _ input: HostTensor, _ scale: HostTensor?, _ bias: HostTensor?
) throws(EvaluationError) -> HostTensor {
  var values = values
  if let scale {
    let space = try BroadcastSpace([input.shape, scale.shape])
    guard space.shape == input.shape else {
      throw .type(.broadcast(input.type.shape, scale.type.shape))
    }
    let factors = try scale.decodedReals()
    for (index, offset) in space.offsets(1).enumerated() { values[index] *= factors[offset] }
  }
  if let bias {
    let space = try BroadcastSpace([input.shape, bias.shape])
    guard space.shape == input.shape else {
      throw .type(.broadcast(input.type.shape, bias.type.shape))
    }
    let terms = try bias.decodedReals()
    for (index, offset) in space.offsets(1).enumerated() { values[index] += terms[offset] }
  }
  return try input.replacing(.real(values))
}
