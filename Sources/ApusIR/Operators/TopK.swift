package import ApusTensor

/// The k largest or smallest elements along an axis, with their positions (int64).
///
/// Operands `data` (numbers), `k` (one int64). Of equal elements the one with the lower position comes
/// first; NaN counts as the largest. Source: ONNX TopK-24.
package struct TopK: Operator {
  package static let name = "top_k"
  package static let operandNames = ["data", "k"]
  package static var fields: [Field<Self>] {
    [Field("axis", \.axis), Field("smallest", \.smallest)]
  }

  /// Counted from either end.
  package var axis = -1
  package var smallest = false

  package init() {}
  package init(axis: Int, smallest: Bool) {
    self.axis = axis
    self.smallest = smallest
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let data = try operands.require(0, arithmetic: [.real, .signed, .unsigned])
    let k = try operands.require(1, element: [.int64])
    guard var extents = data.type.extents else {
      return [.unknown(data.element), .unknown(.int64)]
    }
    let axis = try normalize(axis: self.axis, rank: extents.count)
    let count = k.contents?.first ?? .unknown
    if let count = count.fixed {
      guard count >= 0, extents[axis].fixed.map({ count <= $0 }) ?? true else {
        throw .invalid(field: "k", reason: "\(count) of \(extents[axis]) elements")
      }
    }
    extents[axis] = count
    return [Fact(data.element, extents), Fact(.int64, extents)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let shape = try results.fixedShape(0)
    let axis = try normalized(self.axis, rank: data.rank)
    guard shape.count == data.rank, shape[axis] <= data.shape[axis] else {
      throw .value("\(shape[axis]) of \(data.shape[axis]) elements")
    }
    let order: (Int, Int) -> Bool
    switch try data.decoded() {
    case .real(let values):
      order = { a, b in
        let (x, y) = (values[a], values[b])
        if x.isNaN || y.isNaN { return smallest ? !x.isNaN && y.isNaN : x.isNaN && !y.isNaN }
        return smallest ? x < y : x > y
      }
    case .signed(let values):
      order = { smallest ? values[$0] < values[$1] : values[$0] > values[$1] }
    case .unsigned(let values):
      order = { smallest ? values[$0] < values[$1] : values[$0] > values[$1] }
    case .boolean, .text, .complex: throw .unsupported("an order of \(data.element.name)")
    }
    var offsets = [Int](repeating: 0, count: Array.product(shape) ?? 0)
    var positions = [Int64](repeating: 0, count: offsets.count)
    let targets = AxisLines(shape: shape, axis: axis).makeIterator()
    for line in AxisLines(shape: data.shape, axis: axis) {
      guard shape[axis] > 0, let target = targets.next() else { break }
      let line = Array(line)
      let best = line.indices.sorted { left, right in
        order(line[left], line[right]) || !order(line[right], line[left]) && left < right
      }
      for (place, position) in zip(target, best) {
        offsets[place] = line[position]
        positions[place] = Int64(position)
      }
    }
    return [
      try data.picking(offsets, shape: shape), try .make(.int64, shape, .signed(positions)),
    ]
  }
}
