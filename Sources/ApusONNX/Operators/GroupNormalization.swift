internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// GroupNormalization and InstanceNormalization: layer normalization of [batch, groups, rest].
enum GroupNormalization {
  static func group(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3)
    guard let groups = try attributes.integer("num_groups") else {
      throw .invalid("it is required", .attribute("num_groups"))
    }
    guard groups > 0 else { throw .invalid("\(groups) is out of range", .attribute("num_groups")) }
    if context.opset >= 21 { attributes.ignore("stash_type") }
    let x = try context.operand(0, "X")
    let epsilon = try attributes.real("epsilon", default: 1e-5)
    let split = try context.one(Reshape(), x, try context.vector([0, groups, -1]))
    if context.opset >= 21 {
      return [try affine(context, try normalize(context, split, shapedAs: x, epsilon))]
    }
    // Before opset 21 scale and bias belong to groups.
    let normal = try context.one(LayerNormalization(axis: 2, epsilon: epsilon), split, nil, nil)
    return [try shaped(context, try affine(context, normal), as: x)]
  }

  static func instance(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3)
    if context.opset < 6 { attributes.ignore("consumed_inputs") }
    let x = try context.operand(0, "input")
    let epsilon = try attributes.real("epsilon", default: 1e-5)
    let split = try context.one(Reshape(), x, try context.vector([0, 0, -1]))
    return [try affine(context, try normalize(context, split, shapedAs: x, epsilon))]
  }

  private static func normalize(
    _ context: NodeContext, _ split: ValueID, shapedAs x: ValueID, _ epsilon: Double
  ) throws(ImportError) -> ValueID {
    let normal = try context.one(LayerNormalization(axis: 2, epsilon: epsilon), split, nil, nil)
    return try shaped(context, normal, as: x)
  }

  private static func shaped(
    _ context: NodeContext, _ value: ValueID, as x: ValueID
  ) throws(ImportError) -> ValueID {
    try context.one(Reshape(allowZero: true), value, try context.one(ShapeOf(), x))
  }

  /// Scale and bias per channel.
  private static func affine(
    _ context: NodeContext, _ normal: ValueID
  ) throws(ImportError) -> ValueID {
    let scale = try context.aligned(try context.operand(1, "scale"), toAxis: 1, of: normal)
    let bias = try context.aligned(try context.operand(2, "bias"), toAxis: 1, of: normal)
    return try context.binary(.add, try context.binary(.multiply, normal, scale), bias)
  }
}
