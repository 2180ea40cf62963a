package import ApusTensor

/// The different elements, or slices along an axis, with where and how often they stand.
///
/// Operand `data`. Results: the different ones, sorted or in the order of their first place; the
/// first place of each; for each element of the data the place in the result; how often each stands
/// (all int64). Source: ONNX Unique-28.
package struct Unique: Operator {
  package static let name = "unique"
  package static let operandNames = ["data"]
  package static var fields: [Field<Self>] {
    [Field("axis", \.axis), Field("sorted", \.sorted)]
  }

  /// Counted from either end; without it the data is flattened.
  package var axis: Int?
  package var sorted = true

  package init() {}
  package init(axis: Int?, sorted: Bool) {
    self.axis = axis
    self.sorted = sorted
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let data = try operands.require(
      0, arithmetic: [.real, .signed, .unsigned, .boolean, .text])
    var first = Fact(data.element, [.unknown])
    if let axis {
      first = .unknown(data.element)
      if var extents = data.type.extents {
        extents[try normalize(axis: axis, rank: extents.count)] = .unknown
        first = Fact(data.element, extents)
      }
    }
    return [first] + Array(repeating: Fact(.int64, [.unknown]), count: 3)
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    var data = try operands.tensor(0)
    if axis == nil {
      do { data = try data.reshaped([data.count]) } catch { throw .tensor(error) }
    }
    let axis = try normalized(self.axis ?? 0, rank: data.rank)
    switch try data.decoded() {
    case .real(let values):
      return try search(data, values, axis) { $0 < $1 || $1.isNaN && !$0.isNaN }
    case .signed(let values): return try search(data, values, axis, <)
    case .unsigned(let values): return try search(data, values, axis, <)
    case .boolean(let values): return try search(data, values, axis) { !$0 && $1 }
    case .text(let values):
      return try search(data, values, axis) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    case .complex: throw .unsupported("different elements of \(data.element.name)")
    }
  }

  private func search<T>(
    _ data: HostTensor, _ values: [T], _ axis: Int, _ precedes: (T, T) -> Bool
  ) throws(EvaluationError) -> [HostTensor] {
    // The offsets of each slice, in row-major order.
    var rest = data.shape
    rest[axis] = 1
    let strides = rowMajorStrides(data.shape)
    let slices = (0..<data.shape[axis]).map {
      Array(Offsets(shape: rest, strides: strides, start: $0 * strides[axis]))
    }
    func order(_ a: Int, _ b: Int) -> Int {
      for (i, j) in zip(slices[a], slices[b]) {
        if precedes(values[i], values[j]) { return -1 }
        if precedes(values[j], values[i]) { return 1 }
      }
      return 0
    }
    let byValue = slices.indices.sorted { left, right in
      let difference = order(left, right)
      return difference == 0 ? left < right : difference < 0
    }
    var groups: [[Int]] = []
    for slice in byValue {
      if let last = groups.last?[0], order(last, slice) == 0 {
        groups[groups.count - 1].append(slice)
      } else {
        groups.append([slice])
      }
    }
    if !sorted { groups.sort { $0[0] < $1[0] } }
    var inverse = [Int64](repeating: 0, count: slices.count)
    for (index, group) in groups.enumerated() {
      for slice in group { inverse[slice] = Int64(index) }
    }
    var shape = data.shape
    shape[axis] = groups.count
    let offsets = Coordinates(shape).map { coordinates in
      zip(coordinates, strides).enumerated().reduce(0) { sum, next in
        sum + (next.offset == axis ? groups[next.element.0][0] : next.element.0) * next.element.1
      }
    }
    return [
      try data.picking(offsets, shape: shape),
      try .make(.int64, [groups.count], .signed(groups.map { Int64($0[0]) })),
      try .make(.int64, [inverse.count], .signed(inverse)),
      try .make(.int64, [groups.count], .signed(groups.map { Int64($0.count) })),
    ]
  }
}
