internal import ApusIR
internal import ApusTensor

/// Functions of one argument that programs do not know, and what tells NaN and infinity.
enum Functions {
  static func trigonometric(_ function: TrigonometricFunction) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(1)
      return [try context.one(Trigonometric(function), try context.operand(0, "input"))]
    }
  }

  static func isNaN(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    return [try context.one(Classify(nan: true), try context.operand(0, "X"))]
  }

  static func isInfinite(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let operation = Classify(
      positive: try attributes.flag("detect_positive", default: true),
      negative: try attributes.flag("detect_negative", default: true))
    return [try context.one(operation, try context.operand(0, "X"))]
  }
}
