package import ApusTensor

/// What stands where a tensor is padded.
package enum PadMode: String, FieldKind {
  case constant, reflect, edge, wrap
}

/// Adds elements before and after along some axes; negative counts take elements away.
///
/// Operands `data`, `pads` (int64: all starts, then all ends), optional `value` (one element of the
/// data's type), optional `axes` (int32 or int64; all where missing). Taking away comes first.
/// Source: ONNX Pad-25.
package struct Pad: Operator {
  package static let name = "pad"
  package static let operandNames = ["data", "pads", "value", "axes"]
  package static var fields: [Field<Self>] { [Field("mode", \.mode)] }

  package var mode = PadMode.constant

  package init() {}
  package init(_ mode: PadMode) { self.mode = mode }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...4)
    let data = try operands.require(0)
    let pads = try operands.entries(1)
    if operands[2] != nil { _ = try operands.require(2, sameElementAs: 0) }
    let listed = operands[3] == nil ? nil : try operands.numbers(3)
    guard let extents = data.type.extents, let pads, operands[3] == nil || listed != nil else {
      return [.unknown(data.element, rank: data.type.rank)]
    }
    let axes = try normalize(axes: listed ?? Array(extents.indices), rank: extents.count)
    guard pads.count == 2 * axes.count else {
      throw .invalid(field: "pads", reason: "\(pads.count) entries for \(axes.count) axes")
    }
    var result = extents
    for (index, axis) in axes.enumerated() {
      result[axis] = extents[axis] + pads[index] + pads[index + axes.count]
    }
    return [Fact(data.element, result)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let pads = try operands.tensor(1).decodedIntegers()
    let shape = try results.fixedShape(0)
    var axes = Array(data.shape.indices)
    if let listed = operands.optional(3) {
      axes = []
      for axis in try listed.decodedIntegers() {
        axes.append(try normalized(axis, rank: data.rank))
      }
    }
    guard pads.count == 2 * axes.count,
      pads.allSatisfy({ $0 > -Self.limit && $0 < Self.limit })
    else { throw .value("pads of \(axes.count) axes are out of range") }
    // For each axis, the source position of every result position, or -1.
    var sources = data.shape.map { Array(0..<$0) }
    for (index, axis) in axes.enumerated() {
      let (before, after) = (pads[index], pads[index + axes.count])
      let extent = data.shape[axis]
      // What is taken away is not there to be mirrored or repeated.
      let first = max(0, -before)
      let kept = max(0, extent + min(after, 0) - first)
      var positions: [Int] = []
      for position in 0..<shape[axis] {
        let place = try source(position - max(before, 0), extent: kept)
        positions.append(place < 0 ? -1 : first + place)
      }
      sources[axis] = positions
    }
    let strides = rowMajorStrides(data.shape)
    var offsets = [0]
    for axis in shape.indices {
      offsets = offsets.flatMap { prefix in
        sources[axis].map { prefix < 0 || $0 < 0 ? -1 : prefix + $0 * strides[axis] }
      }
    }
    return [try data.picking(offsets, shape: shape, fill: operands.optional(2))]
  }

  private static let limit = 1 << 48

  /// Where a position beside the data is read from.
  private func source(_ position: Int, extent: Int) throws(EvaluationError) -> Int {
    if (0..<extent).contains(position) { return position }
    if mode == .constant { return -1 }
    guard extent > 0 else { throw .value("padding of no elements by \(mode.rawValue)") }
    switch mode {
    case .constant: return -1
    case .edge: return position < 0 ? 0 : extent - 1
    case .wrap: return (position % extent + extent) % extent
    case .reflect:
      guard extent > 1 else { return 0 }
      let period = 2 * (extent - 1)
      let phase = (position % period + period) % period
      return phase < extent ? phase : period - phase
    }
  }
}
