package import ApusTensor

/// Inverts square matrices, the last two axes of a stack of them.
///
/// Operand `input`: real [..., n, n]. A singular matrix gives elements that are not finite. Method:
/// Gauss-Jordan elimination with partial pivoting.
package struct MatrixInverse: Operator {
  package static let name = "matrix_inverse"
  package static let operandNames = ["input"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let input = try operands.require(0, arithmetic: [.real])
    if let extents = input.type.extents {
      guard extents.count >= 2 else {
        throw .rank(operand: "input", found: extents.count, expected: "2 or more")
      }
      let (rows, columns) = (extents[extents.count - 2], extents[extents.count - 1])
      if let a = rows.fixed, let b = columns.fixed, a != b {
        throw .extents(operand: "input", found: columns, expected: rows)
      }
    }
    return [Fact(input.type)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    guard input.rank >= 2, input.shape[input.rank - 2] == input.shape[input.rank - 1] else {
      throw .type(.rank(operand: "input", found: input.rank, expected: "2 or more"))
    }
    let size = input.shape[input.rank - 1]
    var values = try input.decodedReals()
    if values.isEmpty { return [input] }
    for start in stride(from: 0, to: values.count, by: size * size) {
      let inverse = Self.inverse(Array(values[start..<(start + size * size)]), size)
      values.replaceSubrange(start..<(start + size * size), with: inverse)
    }
    return [try input.replacing(.real(values))]
  }

  private static func inverse(_ matrix: [Double], _ size: Int) -> [Double] {
    var left = matrix
    var right = [Double](repeating: 0, count: size * size)
    for index in 0..<size { right[index * size + index] = 1 }
    for column in 0..<size {
      var pivot = column
      for row in column..<size
      where left[row * size + column].magnitude > left[pivot * size + column].magnitude {
        pivot = row
      }
      if pivot != column {
        for index in 0..<size {
          left.swapAt(pivot * size + index, column * size + index)
          right.swapAt(pivot * size + index, column * size + index)
        }
      }
      let factor = 1 / left[column * size + column]
      for index in 0..<size {
        left[column * size + index] *= factor
        right[column * size + index] *= factor
      }
      for row in 0..<size where row != column {
        let share = left[row * size + column]
        for index in 0..<size {
          left[row * size + index] -= share * left[column * size + index]
          right[row * size + index] -= share * right[column * size + index]
        }
      }
    }
    return right
  }
}
