internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Inverse, Trilu and ExpandDims of domain com.microsoft.
enum MicrosoftMatrices {
  static func inverse(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    return [try context.one(MatrixInverse(), try context.operand(0, "X"))]
  }

  /// Keeps what lies on one side of a diagonal.
  static func triangle(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1...2)
    let keepsUpper = try attributes.flag("upper", default: true)
    let x = try context.operand(0, "X")
    let rows = try context.unsqueezed(
      try context.counting(to: try context.extent(-2, of: x)), [1])
    let columns = try context.counting(to: try context.extent(-1, of: x))
    var diagonal = rows
    if let offset = context.optional(1) {
      diagonal = try context.binary(.add, rows, try IntegerProducts.single(context, offset))
    }
    let keeps =
      keepsUpper
      ? try context.binary(.lessOrEqual, diagonal, columns)
      : try context.binary(.lessOrEqual, columns, diagonal)
    return [try context.select(keeps, x, try context.scalar(0, context.element(x)))]
  }

  static func expandDimensions(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let axis = try context.reshaped(
      try context.indices(try context.operand(1, "axis")), [1])
    return [try context.one(Unsqueeze(), try context.operand(0, "X"), axis)]
  }
}
