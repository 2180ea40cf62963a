internal import ApusIR
internal import ApusTensor

/// Identity.
enum Pass {
  static func identity(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let input = try context.operand(0, "input")
    return [context.valueType(input).isTensor ? try context.one(Identity(), input) : input]
  }
}
