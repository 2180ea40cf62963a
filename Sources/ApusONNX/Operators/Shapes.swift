internal import ApusIR

/// Shape, Size and Range.
enum Shapes {
  static func shape(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    var operation = ShapeOf()
    if context.opset >= 15 {
      operation = ShapeOf(
        start: try attributes.integer("start", default: 0), end: try attributes.integer("end"))
    }
    return [try context.one(operation, try context.operand(0, "data"))]
  }

  static func size(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let shape = try context.one(ShapeOf(), try context.operand(0, "data"))
    return [try context.one(Reduce(.product, keepDimensions: false), shape, nil)]
  }

  static func range(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3)
    if context.opset >= 27 { attributes.ignore("stash_type") }
    return [
      try context.one(
        NumericRange(), try context.operand(0, "start"), try context.operand(1, "limit"),
        try context.operand(2, "delta"))
    ]
  }
}
