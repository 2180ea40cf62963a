internal import CApusPlatform
package import ApusTensor

/// Normalises exponentials along one axis: yᵢ = exp(xᵢ − max x) / Σ exp(x − max x), or the logarithm
/// of it.
///
/// Operand `input`: real. The result has its type. Exponentials and their sum round to it as well, as
/// in the body that ONNX gives for the operator: half precision shows the difference.
/// Source: ONNX Softmax-13, LogSoftmax-13.
package struct Softmax: Operator {
  package static let name = "softmax"
  package static let operandNames = ["input"]
  package static var fields: [Field<Self>] {
    [Field("axis", \.axis), Field("logarithm", \.logarithm)]
  }

  /// Counted from either end.
  package var axis = -1
  package var logarithm = false

  package init() {}
  package init(axis: Int, logarithm: Bool = false) {
    self.axis = axis
    self.logarithm = logarithm
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let input = try operands.require(0, arithmetic: [.real])
    if let rank = input.type.rank { _ = try normalize(axis: axis, rank: rank) }
    return [Fact(input.type)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    let axis = try normalized(self.axis, rank: input.rank)
    let element = input.element
    var values = try input.decodedReals()
    for line in AxisLines(shape: input.shape, axis: axis) {
      let largest = line.reduce(-Double.infinity) { max($0, values[$1]) }
      var sum = 0.0
      for index in line {
        values[index] -= largest
        sum += element.rounded(apus_exp(values[index]))
      }
      // A long line of small numbers may leave the range of half precision; it stays a distribution.
      let total = element.rounded(sum).isFinite ? element.rounded(sum) : sum
      for index in line {
        values[index] =
          logarithm
          ? values[index] - apus_log(total)
          : element.rounded(apus_exp(values[index])) / total
      }
    }
    return [try input.replacing(.real(values))]
  }
}
