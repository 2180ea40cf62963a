internal import ApusIR

/// Expand and the Gather family.
enum Indexing {
  static func expand(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    return [
      try context.one(
        Expand(), try context.operand(0, "input"), try context.operand(1, "shape"))
    ]
  }

  static func gather(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let axis = try attributes.integer("axis", default: 0)
    return [try indexed(context, Gather(axis: axis))]
  }

  static func gatherElements(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let axis = try attributes.integer("axis", default: 0)
    return [try indexed(context, GatherElements(axis: axis))]
  }

  static func gatherND(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let batch = context.opset >= 12 ? try attributes.integer("batch_dims", default: 0) : 0
    return [try indexed(context, GatherND(batchDimensions: batch))]
  }

  private static func indexed(
    _ context: NodeContext, _ operation: any Operator
  ) throws(ImportError) -> ValueID {
    try context.expect(2)
    return try context.one(
      operation, try context.operand(0, "data"), try context.operand(1, "indices"))
  }
}
