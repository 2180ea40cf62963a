package import ApusTensor

/// Turns every row of a table into a map.
///
/// Operands: `values` [n, c] or [c], and `keys` [c], strings or int64 without duplicates. The result is a
/// sequence of n maps (one for a vector) from the keys to scalars. Source: ONNX-ML ZipMap-1.
package struct MapRows: ValueOperator {
  package static let name = "map_rows"
  package static let operandNames = ["values", "keys"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let values = try operands.require(0)
    let keys = try operands.require(1, element: [.string, .int64])
    if let rank = values.type.rank, rank != 1, rank != 2 {
      throw .rank(operand: "values", found: rank, expected: "1 or 2")
    }
    _ = try operands.require(1, rank: 1)
    return [Fact(.sequence(Self.map(keys.element, values.element)))]
  }

  private static func map(_ key: ElementType, _ value: ElementType) -> ValueType {
    .map(key: key, value: .tensor(TensorType(value, [])))
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    let values: HostTensor = try operands.tensor(0)
    let keys: HostTensor = try operands.tensor(1)
    guard values.rank == 1 || values.rank == 2, values.shape[values.rank - 1] == keys.count else {
      throw .value("values of shape \(values.shape) for \(keys.count) keys")
    }
    guard Set(try LookUp.keys(keys)).count == keys.count else {
      throw .value("the keys have duplicates")
    }
    let rows = values.rank == 1 ? 1 : values.shape[0]
    let scalar = TensorType(values.element, [])
    var maps: [HostValue] = []
    for row in 0..<rows {
      var cells: [HostValue] = []
      for column in 0..<keys.count {
        cells.append(
          .tensor(try values.view([], strides: [], start: row * keys.count + column)))
      }
      maps.append(.map(keys: keys, values: cells, of: .tensor(scalar)))
    }
    return [.sequence(maps, of: Self.map(keys.element, values.element))]
  }
}
