package import ApusTensor

/// Tells NaN and infinities from numbers, one bool an element.
///
/// Operand `input`: real. Sources: ONNX IsNaN-20, IsInf-20.
package struct Classify: Operator {
  package static let name = "classify"
  package static let operandNames = ["input"]
  package static var fields: [Field<Self>] {
    [Field("nan", \.nan), Field("positive", \.positive), Field("negative", \.negative)]
  }

  /// Whether NaN counts.
  package var nan = false
  /// Whether +∞ counts.
  package var positive = false
  /// Whether -∞ counts.
  package var negative = false

  package init() {}
  package init(nan: Bool = false, positive: Bool = false, negative: Bool = false) {
    self.nan = nan
    self.positive = positive
    self.negative = negative
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let input = try operands.require(0, arithmetic: [.real])
    return [Fact(TensorType(.bool, input.shape))]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    let flags = try input.decodedReals().map { x in
      x.isNaN ? nan : x.isInfinite && (x > 0 ? positive : negative)
    }
    return [try .make(.bool, input.shape, .boolean(flags))]
  }
}
