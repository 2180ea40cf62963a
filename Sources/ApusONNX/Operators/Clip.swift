internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Clip: bounds are attributes before opset 11, optional operands since.
enum Clip {
  static func clip(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    var result = try context.operand(0, "input")
    let element = context.element(result)
    var low = context.optional(1)
    var high = context.optional(2)
    if context.opset < 11 {
      try context.expect(1)
      if context.opset < 6 { attributes.ignore("consumed_inputs") }
      low = nil
      high = nil
      if let bound = try attributes.real("min"), bound > -Double(Float.greatestFiniteMagnitude) {
        low = try context.scalar(bound, element)
      }
      if let bound = try attributes.real("max"), bound < Double(Float.greatestFiniteMagnitude) {
        high = try context.scalar(bound, element)
      }
    } else {
      try context.expect(1...3)
    }
    guard low != nil || high != nil else { return [try context.one(Identity(), result)] }
    if let low { result = try context.binary(.maximum, result, low) }
    if let high { result = try context.binary(.minimum, result, high) }
    return [result]
  }
}
