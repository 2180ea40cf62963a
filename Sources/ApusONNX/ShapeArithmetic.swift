internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Arithmetic on shapes, for decompositions that must not know them.
extension NodeContext {
  /// The extents of dimensions `start` up to `end`, as a vector.
  func extents(
    of value: ValueID, from start: Int = 0, to end: Int? = nil
  ) throws(ImportError) -> ValueID {
    try one(ShapeOf(start: start, end: end), value)
  }

  /// One extent, as a vector of one entry. `axis` counts from either end.
  func extent(_ axis: Int, of value: ValueID) throws(ImportError) -> ValueID {
    try extents(of: value, from: axis, to: axis == -1 ? nil : axis + 1)
  }

  /// The only entry of a vector, as a scalar.
  func entry(_ vector: ValueID) throws(ImportError) -> ValueID {
    try one(Squeeze(), vector, try self.vector([0]))
  }

  /// The rank, as a vector of one entry.
  func rankVector(_ value: ValueID) throws(ImportError) -> ValueID {
    try extents(of: try extents(of: value))
  }

  /// The value under the shape that integer vectors join to.
  func reshaped(_ value: ValueID, to parts: [ValueID]) throws(ImportError) -> ValueID {
    let shape = parts.count == 1 ? parts[0] : try joined(parts)
    return try one(Reshape(allowZero: true), value, shape)
  }

  /// The value under a shape in ONNX's notation: 0 keeps an extent, −1 is what is left.
  func reshaped(_ value: ValueID, _ shape: [Int]) throws(ImportError) -> ValueID {
    try one(Reshape(), value, try vector(shape))
  }

  /// The value under the shape of another.
  func reshaped(_ value: ValueID, like other: ValueID) throws(ImportError) -> ValueID {
    try one(Reshape(allowZero: true), value, try extents(of: other))
  }

  func unsqueezed(_ value: ValueID, _ axes: [Int]) throws(ImportError) -> ValueID {
    try one(Unsqueeze(), value, try vector(axes))
  }

  func squeezed(_ value: ValueID, _ axes: [Int]) throws(ImportError) -> ValueID {
    try one(Squeeze(), value, try vector(axes))
  }

  func transposed(_ value: ValueID, _ permutation: [Int]) throws(ImportError) -> ValueID {
    try one(Transpose(permutation), value)
  }

  func concatenated(_ values: [ValueID], axis: Int) throws(ImportError) -> ValueID {
    guard let result = try add(Concat(axis: axis), values).first else {
      throw .invalid("the operation has no result")
    }
    return result
  }

  /// Elements `start` up to `end` along an axis counted from either end.
  func sliced(
    _ value: ValueID, axis: Int, from start: Int, to end: Int, step: Int = 1
  ) throws(ImportError) -> ValueID {
    try one(
      Slice(), value, try vector([start]), try vector([end]), try vector([axis]),
      try vector([step]))
  }

  /// Equal parts along an axis.
  func split(_ value: ValueID, axis: Int, parts: Int) throws(ImportError) -> [ValueID] {
    try add(Split(axis: axis, parts: parts), [value, nil])
  }

  /// A scalar repeated to a shape given as a vector.
  func filled(
    _ number: Double, _ element: ElementType, _ shape: ValueID
  ) throws(ImportError) -> ValueID {
    try one(Expand(), try scalar(number, element), shape)
  }

  /// 0 up to the only entry of a vector.
  func counting(to limit: ValueID) throws(ImportError) -> ValueID {
    try one(
      NumericRange(), try integerScalar(0), try entry(limit), try integerScalar(1))
  }

  func reduced(
    _ kind: ReduceKind, _ value: ValueID, _ axes: [Int], keep: Bool = true
  ) throws(ImportError) -> ValueID {
    try one(
      Reduce(kind, keepDimensions: keep, emptyAxesMeansNone: true), value, try vector(axes))
  }

  /// A vector whose entries belong to one axis of `value`, with extents of 1 for the axes behind.
  /// Scalars and vectors of one entry stay broadcastable.
  func aligned(
    _ vector: ValueID, toAxis axis: Int, of value: ValueID
  ) throws(ImportError) -> ValueID {
    if rank(vector) == 0 { return vector }
    if let rank = rank(value) {
      let behind = axis < 0 ? -axis - 1 : rank - axis - 1
      return behind <= 0 ? vector : try unsqueezed(vector, Array(1...behind))
    }
    if axis < 0 { return axis == -1 ? vector : try unsqueezed(vector, Array(1..<(-axis))) }
    let behind = try binary(
      .subtract, try rankVector(value), try self.vector([axis + 1]))
    let ones = try one(Expand(), try integerScalar(1), behind)
    return try reshaped(vector, to: [try self.vector([-1]), ones])
  }
}
