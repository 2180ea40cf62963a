internal import ApusIR

/// CumSum and CumProd.
enum CumulativeSums {
  static func sum(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let operation = CumulativeSum(
      exclusive: try attributes.flag("exclusive", default: false),
      reverse: try attributes.flag("reverse", default: false))
    return [
      try context.one(operation, try context.operand(0, "x"), try context.operand(1, "axis"))
    ]
  }

  static func product(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let operation = CumulativeProduct(
      exclusive: try attributes.flag("exclusive", default: false),
      reverse: try attributes.flag("reverse", default: false))
    return [
      try context.one(operation, try context.operand(0, "x"), try context.operand(1, "axis"))
    ]
  }
}
