package import ApusTensor

/// Keeps the upper or lower triangle of the last two axes, zeros elsewhere.
///
/// Operands `data` and optional `diagonal` (one int64): the triangle includes that diagonal, counted
/// upwards from the main one. Source: ONNX Trilu-14.
package struct Triangle: Operator {
  package static let name = "triangle"
  package static let operandNames = ["data", "diagonal"]
  package static var fields: [Field<Self>] { [Field("upper", \.upper)] }

  package var upper = true

  package init() {}
  package init(upper: Bool) { self.upper = upper }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...2)
    let data = try operands.require(0)
    if let rank = data.type.rank, rank < 2 {
      throw .rank(operand: "data", found: rank, expected: "2 or more")
    }
    if operands[1] != nil { _ = try operands.require(1, element: [.int64]) }
    return [Fact(data.type)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let diagonal = try operands.optional(1)?.decodedIntegers().first ?? 0
    guard data.rank >= 2 else {
      throw .type(.rank(operand: "data", found: data.rank, expected: "2 or more"))
    }
    let columns = data.shape[data.rank - 1]
    let rows = data.shape[data.rank - 2]
    let offsets = (0..<data.count).map { offset in
      let column = offset % columns
      let row = offset / columns % rows
      let above = column - row
      return (upper ? above >= diagonal : above <= diagonal) ? offset : -1
    }
    return [try data.picking(offsets, shape: data.shape)]
  }
}
