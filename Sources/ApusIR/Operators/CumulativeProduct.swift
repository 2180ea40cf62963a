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
    try CumulativeSum(exclusive: exclusive, reverse: reverse).infer(operands)
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    guard let number = try operands.tensor(1).decodedIntegers().first else {
      throw .type(.missingOperand("axis"))
    }
    let lines = AxisLines(shape: data.shape, axis: try normalized(number, rank: data.rank))
    func scan<T>(_ values: inout [T], one: T, _ multiply: (T, T) -> T) {
      for line in lines {
        var product = one
        for index in reverse ? Array(line).reversed() : Array(line) {
          let next = multiply(product, values[index])
          values[index] = exclusive ? product : next
          product = next
        }
      }
    }
    switch try data.decoded() {
    case .real(var values):
      scan(&values, one: 1, *)
      return [try data.replacing(.real(values))]
    case .signed(var values):
      scan(&values, one: 1, &*)
      return [try data.replacing(.signed(values))]
    case .unsigned(var values):
      scan(&values, one: 1, &*)
      return [try data.replacing(.unsigned(values))]
    case .boolean, .text, .complex: throw .unsupported("products of \(data.element.name)")
    }
  }
}
