package import ApusTensor

/// The determinant of the matrices in the last two axes.
///
/// Operand `data` [batch…, n, n]: real. Gaussian elimination with partial pivoting.
/// Source: ONNX Det-22.
package struct Determinant: Operator {
  package static let name = "determinant"
  package static let operandNames = ["data"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let data = try operands.require(0, arithmetic: [.real])
    guard let extents = data.type.extents else { return [.unknown(data.element)] }
    guard extents.count >= 2 else {
      throw .rank(operand: "data", found: extents.count, expected: "2 or more")
    }
    let (rows, columns) = (extents[extents.count - 2], extents[extents.count - 1])
    if let a = rows.fixed, let b = columns.fixed, a != b {
      throw .extents(operand: "data", found: columns, expected: rows)
    }
    return [Fact(data.element, Array(extents.dropLast(2)))]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let shape = try results.fixedShape(0)
    guard let n = data.shape.last, data.rank >= 2, data.shape[data.rank - 2] == n else {
      throw .value("\(data.shape) holds no square matrices")
    }
    let x = try data.decodedReals()
    let determinants = (0..<(Array.product(shape) ?? 0)).map { matrix in
      Self.determinant(Array(x[(matrix * n * n)..<((matrix + 1) * n * n)]), n)
    }
    return [try .make(data.element, shape, .real(determinants))]
  }

  private static func determinant(_ matrix: [Double], _ n: Int) -> Double {
    var a = matrix
    var result = 1.0
    for column in 0..<n {
      guard
        let pivot = (column..<n).max(by: {
          a[$0 * n + column].magnitude < a[$1 * n + column].magnitude
        }), a[pivot * n + column] != 0
      else { return 0 }
      if pivot != column {
        for k in 0..<n { a.swapAt(pivot * n + k, column * n + k) }
        result = -result
      }
      result *= a[column * n + column]
      for row in (column + 1)..<max(n, column + 1) {
        let factor = a[row * n + column] / a[column * n + column]
        for k in column..<n { a[row * n + k] -= factor * a[column * n + k] }
      }
    }
    return result
  }
}
