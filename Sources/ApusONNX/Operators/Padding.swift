internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Pad, CenterCropPad, Trilu, EyeLike and ReverseSequence.
enum Padding {
  static func pad(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let data = try context.operand(0, "data")
    let modes: [(String, PadMode)] = [
      ("constant", .constant), ("reflect", .reflect), ("edge", .edge), ("wrap", .wrap),
    ]
    let mode = try attributes.choice(
      "mode", default: .constant, context.opset >= 19 ? modes : Array(modes.dropLast()))
    if context.opset >= 11 {
      try context.expect(2...(context.opset >= 18 ? 4 : 3))
      return [
        try context.one(
          Pad(mode), data, try context.operand(1, "pads"), context.optional(2),
          context.optional(3))
      ]
    }
    try context.expect(1)
    let name = context.opset >= 2 ? "pads" : "paddings"
    guard let pads = try attributes.integers(name) else {
      throw .invalid("it is required", .attribute(name))
    }
    let value = try attributes.real("value", default: 0)
    return [
      try context.one(
        Pad(mode), data, try context.vector(pads), try context.scalar(value, context.element(data)))
    ]
  }

  /// Crops or pads each listed axis around its middle: what is taken away or added at the start is
  /// half of the difference, rounded down.
  static func center(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let data = try context.operand(0, "input_data")
    let shape = try context.indices(try context.operand(1, "shape"))
    let axes = try attributes.integers("axes")
    var extents = try context.one(ShapeOf(), data)
    if let axes { extents = try context.one(Gather(axis: 0), extents, try context.vector(axes)) }
    let zero = try context.integerScalar(0)
    let two = try context.integerScalar(2)
    // First what is too long is cropped, then what is too short is padded.
    let excess = try context.binary(
      .maximum, try context.binary(.subtract, extents, shape), zero)
    let start = try context.binary(.divide, excess, two)
    let length = try context.binary(.minimum, extents, shape)
    let end = try context.binary(.add, start, length)
    let listed = try axes.map { axes throws(ImportError) in try context.vector(axes) }
    let cropped = try context.one(Slice(), data, start, end, listed)
    let missing = try context.binary(
      .maximum, try context.binary(.subtract, shape, extents), zero)
    let before = try context.binary(.divide, missing, two)
    let after = try context.binary(.subtract, missing, before)
    let pads = try context.one(Concat(axis: 0), before, after)
    return [try context.one(Pad(.constant), cropped, pads, nil, listed)]
  }

  static func triangle(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1...2)
    let operation = Triangle(upper: try attributes.flag("upper", default: true))
    return [try context.one(operation, try context.operand(0, "input"), context.optional(1))]
  }

  static func eye(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let like = try context.operand(0, "input")
    let element = try attributes.element("dtype") ?? context.element(like)
    return [try context.one(Eye(element, diagonal: try attributes.integer("k", default: 0)), like)]
  }

  static func reverse(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let operation = ReverseSequence(
      batchAxis: try attributes.integer("batch_axis", default: 1),
      timeAxis: try attributes.integer("time_axis", default: 0))
    return [
      try context.one(
        operation, try context.operand(0, "input"), try context.operand(1, "sequence_lens"))
    ]
  }
}
