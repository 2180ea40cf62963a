package import ApusTensor

/// Which scale belongs to which element of a tensor: one for all, one per index of an axis, or one per
/// block along an axis. Source: ONNX QuantizeLinear-21.
package struct QuantizationGrid {
  /// For each element, row-major, the index of its scale; nil where there is one scale.
  package let places: [Int]?

  package init(
    data: [Int], scale: [Int], axis: Int, blockSize: Int
  ) throws(EvaluationError) {
    do {
      try Self.check(
        .ranked(data.map(Extent.fixed)), .ranked(scale.map(Extent.fixed)), axis, blockSize)
    } catch { throw .type(error) }
    if Array.product(scale) == 1 {
      places = nil
      return
    }
    if Array.product(data) == 0 {
      places = []
      return
    }
    let axis = try normalized(axis, rank: data.count)
    var strides = [Int](repeating: 0, count: data.count)
    if scale.count == 1 && blockSize == 0 {
      strides[axis] = 1
      places = Array(Offsets(shape: data, strides: strides))
      return
    }
    // Blocks: the axis splits in blocks and places within, which have no stride.
    let own = rowMajorStrides(scale)
    var places: [Int] = []
    places.reserveCapacity(Array.product(data) ?? 0)
    let inner = Array.product(Array(data[(axis + 1)...])) ?? 0
    let outer = Array.product(Array(data[..<axis])) ?? 0
    for row in 0..<outer {
      for index in 0..<data[axis] {
        let start = (row * scale[axis] + index / blockSize) * own[axis]
        for column in 0..<inner { places.append(start + column) }
      }
    }
    self.places = places
  }

  /// The index of an element's scale.
  package func callAsFunction(_ index: Int) -> Int { places.map { $0[index] } ?? 0 }

  /// Checks a scale's shape against the data's.
  package static func check(
    _ data: Shape, _ scale: Shape, _ axis: Int, _ blockSize: Int
  ) throws(TypeError) {
    guard blockSize >= 0 else {
      throw .invalid(field: "blockSize", reason: "\(blockSize) is negative")
    }
    guard let data = data.extents, let scale = scale.extents else { return }
    if scale.allSatisfy({ $0 == .one }) && scale.count <= 1 { return }
    if scale.count == 1 && blockSize == 0 {
      // A vector of unknown length may turn out to hold one scale for all.
      guard axis >= -data.count, axis < data.count else {
        if scale[0].fixed == nil { return }
        throw .axis(axis, rank: data.count)
      }
      let extent = data[axis < 0 ? axis + data.count : axis]
      if let a = extent.fixed, let b = scale[0].fixed, a != b {
        throw .extents(operand: "scale", found: scale[0], expected: extent)
      }
      return
    }
    guard scale.count == data.count else {
      throw .rank(operand: "scale", found: scale.count, expected: "0, 1 or \(data.count)")
    }
    let axis = try normalize(axis: axis, rank: data.count)
    for index in data.indices {
      var expected = data[index]
      if index == axis {
        guard blockSize > 0 else {
          throw .invalid(field: "blockSize", reason: "a scale of rank \(scale.count) needs it")
        }
        expected = expected.ceilingDivided(by: .fixed(blockSize))
      }
      if let a = expected.fixed, let b = scale[index].fixed, a != b {
        throw .extents(operand: "scale", found: scale[index], expected: expected)
      }
    }
  }

  /// Checks that there is a zero point for each scale.
  static func check(zeroPoint: Shape, scale: Shape) throws(TypeError) {
    if let a = scale.fixed, let b = zeroPoint.fixed, Array.product(a) != Array.product(b) {
      throw .broadcast(scale, zeroPoint)
    }
  }

  /// The zero points of `count` scales: 0 where the operand is missing.
  static func zeroPoints(
    _ operand: HostTensor?, count: Int
  ) throws(EvaluationError) -> [Double] {
    let zeros = try operand?.decodedReals() ?? Array(repeating: 0, count: count)
    guard zeros.count == count else {
      throw .type(.invalid(field: "zeroPoint", reason: "its shape differs from the scale's"))
    }
    return zeros
  }
}
