package import ApusTensor

/// Divides the axes from `axis` on by their root mean square, then scales:
/// y = x / √(mean x² + epsilon) · scale.
///
/// Operands `input` (real) and optional `scale` that broadcasts to the normalised axes.
/// Source: Zhang & Sennrich 2019; ONNX RMSNormalization-23.
package struct RMSNormalization: Operator {
  package static let name = "rms_normalization"
  package static let operandNames = ["input", "scale"]
  package static var fields: [Field<Self>] {
    [Field("axis", \.axis), Field("epsilon", \.epsilon)]
  }

  package var axis = -1
  package var epsilon = 1e-5

  package init() {}
  package init(axis: Int, epsilon: Double) {
    self.axis = axis
    self.epsilon = epsilon
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...2)
    let input = try operands.require(0, arithmetic: [.real])
    if operands[1] != nil {
      let scale = try operands.require(1, arithmetic: [.real])
      let shape = try broadcast(input.shape, scale.shape)
      guard shape.rank == input.shape.rank || input.shape.rank == nil || shape.rank == nil else {
        throw .broadcast(input.shape, scale.shape)
      }
    }
    if let rank = input.type.rank { _ = try normalize(axis: axis, rank: rank) }
    return [Fact(input.type)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    let axis = try normalized(self.axis, rank: input.rank)
    let length = Array.product(Array(input.shape[axis...])) ?? 0
    var values = try input.decodedReals()
    for row in 0..<(length == 0 ? 0 : values.count / length) {
      let range = (row * length)..<((row + 1) * length)
      let square = range.reduce(0) { $0 + values[$1] * values[$1] } / Double(length)
      let inverse = 1 / (square + epsilon).squareRoot()
      for index in range { values[index] *= inverse }
    }
    return [try scaled(values, input, operands.optional(1), nil)]
  }
}
