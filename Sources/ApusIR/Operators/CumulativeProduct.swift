package import ApusTensor

/// Running products along one axis.
///
/// Operands `data` (numbers) and `axis` (integer scalar). `exclusive` leaves the element itself out,
/// `reverse` multiplies from the end. Source: ONNX CumProd-26.
package struct CumulativeProduct: Operator {
  package static let name = "cumulative_product"
  package static let operandNames = ["data", "axis"]
  package static var fields: [Field<Self>] {
    [Field("exclusive", \.exclusive), Field("reverse", \.reverse)]
  }

  package var exclusive = false
  package var reverse = false

  package init() {}
  package init(exclusive: Bool, reverse: Bool) {
    self.exclusive = exclusive
    self.reverse = reverse
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try AxisScan.infer(operands)
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    try AxisScan(total: .product, exclusive: exclusive, reverse: reverse).evaluate(operands)
  }
}
