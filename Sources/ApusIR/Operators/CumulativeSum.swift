package import ApusTensor

/// Running sums along one axis.
///
/// Operands `data` (numbers) and `axis` (integer scalar). `exclusive` leaves the element itself out,
/// `reverse` sums from the end. Source: ONNX CumSum-14.
package struct CumulativeSum: Operator {
  package static let name = "cumulative_sum"
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
    try operands.expect(2...2)
    let data = try operands.require(0, arithmetic: [.real, .signed, .unsigned])
    let axis = try operands.require(1, element: [.int32, .int64])
    if let rank = data.type.rank, let number = axis.integers?.first {
      _ = try normalize(axis: number, rank: rank)
    }
    return [Fact(data.type)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    guard let number = try operands.tensor(1).decodedIntegers().first else {
      throw .type(.missingOperand("axis"))
    }
    let axis = try normalized(number, rank: data.rank)
    let lines = AxisLines(shape: data.shape, axis: axis)
    func scan<T>(_ values: inout [T], zero: T, _ add: (T, T) -> T) {
      for line in lines {
        var sum = zero
        for index in reverse ? Array(line).reversed() : Array(line) {
          let next = add(sum, values[index])
          values[index] = exclusive ? sum : next
          sum = next
        }
      }
    }
    switch try data.decoded() {
    case .real(var values):
      scan(&values, zero: 0, +)
      return [try data.replacing(.real(values))]
    case .signed(var values):
      scan(&values, zero: 0, &+)
      return [try data.replacing(.signed(values))]
    case .unsigned(var values):
      scan(&values, zero: 0, &+)
      return [try data.replacing(.unsigned(values))]
    case .boolean, .text, .complex: throw .unsupported("running sums of \(data.element.name)")
    }
  }
}
