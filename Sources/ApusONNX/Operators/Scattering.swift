internal import ApusIR

/// The Scatter family and TensorScatter.
enum Scattering {
  static func elements(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3)
    let axis = try attributes.integer("axis", default: 0)
    let operation = Scatter(axis: axis, reduction: try reduction(context, &attributes))
    return [try context.one(operation, try data(context), context.operands[1], context.operands[2])]
  }

  static func tuples(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3)
    let operation = ScatterND(try reduction(context, &attributes))
    return [try context.one(operation, try data(context), context.operands[1], context.operands[2])]
  }

  private static func data(_ context: NodeContext) throws(ImportError) -> ValueID {
    _ = try context.operand(1, "indices")
    _ = try context.operand(2, "updates")
    return try context.operand(0, "data")
  }

  private static func reduction(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> ScatterReduction {
    guard context.opset >= 16 else { return .none }
    return try attributes.choice(
      "reduction", default: ScatterReduction.none,
      [
        ("none", .none), ("add", .add), ("mul", .multiply), ("max", .maximum), ("min", .minimum),
      ])
  }

  static func cache(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    let operation = CacheWrite(
      axis: try attributes.integer("axis", default: -2),
      circular: try attributes.choice(
        "mode", default: false, [("linear", false), ("circular", true)]))
    return [
      try context.one(
        operation, try context.operand(0, "past_cache"), try context.operand(1, "update"),
        context.optional(2))
    ]
  }
}
