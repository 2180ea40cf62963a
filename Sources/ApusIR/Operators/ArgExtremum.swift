package import ApusTensor

/// The position of the largest or smallest element along an axis, as int64.
///
/// Operand `data`: numbers. Of equal elements the first counts, or the last where `selectLast`; NaN
/// counts as the extremum. Sources: ONNX ArgMax-13, ArgMin-13.
package struct ArgExtremum: Operator {
  package static let name = "arg_extremum"
  package static let operandNames = ["data"]
  package static var fields: [Field<Self>] {
    [
      Field("smallest", \.smallest), Field("axis", \.axis),
      Field("keepDimensions", \.keepDimensions), Field("selectLast", \.selectLast),
    ]
  }

  package var smallest = false
  /// Counted from either end.
  package var axis = 0
  package var keepDimensions = true
  package var selectLast = false

  package init() {}
  package init(smallest: Bool, axis: Int, keepDimensions: Bool = true, selectLast: Bool = false) {
    self.smallest = smallest
    self.axis = axis
    self.keepDimensions = keepDimensions
    self.selectLast = selectLast
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let data = try operands.require(0, arithmetic: [.real, .signed, .unsigned])
    guard var extents = data.type.extents else { return [.unknown(.int64)] }
    let axis = try normalize(axis: self.axis, rank: extents.count)
    if keepDimensions { extents[axis] = 1 } else { extents.remove(at: axis) }
    return [Fact(.int64, extents)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let axis = try normalized(self.axis, rank: data.rank)
    let shape = try results.fixedShape(0)
    guard data.shape[axis] > 0 || data.count == 0 && Array.product(shape) == 0 else {
      throw .value("the extremum of no elements")
    }
    let positions: [Int64]
    switch try data.decoded() {
    case .real(let values):
      positions = search(values, data.shape, axis) { a, b in
        if b.isNaN { return false }
        return a.isNaN || (smallest ? a < b : a > b)
      }
    case .signed(let values):
      positions = search(values, data.shape, axis) { smallest ? $0 < $1 : $0 > $1 }
    case .unsigned(let values):
      positions = search(values, data.shape, axis) { smallest ? $0 < $1 : $0 > $1 }
    case .boolean, .text, .complex: throw .unsupported("the extremum of \(data.element.name)")
    }
    return [try .make(.int64, shape, .signed(positions))]
  }

  private func search<T>(
    _ values: [T], _ shape: [Int], _ axis: Int, _ isBetter: (T, T) -> Bool
  ) -> [Int64] {
    AxisLines(shape: shape, axis: axis).map { line in
      let line = Array(line)
      var best = 0
      for position in line.indices.dropFirst() {
        let (new, old) = (values[line[position]], values[line[best]])
        if isBetter(new, old) || selectLast && !isBetter(old, new) { best = position }
      }
      return Int64(best)
    }
  }
}
