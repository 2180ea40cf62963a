internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// HardSigmoid and HardSwish.
enum HardActivations {
  static func sigmoid(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    if context.opset < 6 { attributes.ignore("consumed_inputs") }
    let alpha = try attributes.real("alpha", default: 0.2)
    let beta = try attributes.real("beta", default: 0.5)
    return [try ramp(context, try context.operand(0, "X"), alpha: alpha, beta: beta)]
  }

  static func swish(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "X")
    let gate = try ramp(context, x, alpha: 1.0 / 6, beta: 0.5)
    return [try context.binary(.multiply, x, gate)]
  }

  /// min(1, max(0, alpha · x + beta))
  private static func ramp(
    _ context: NodeContext, _ x: ValueID, alpha: Double, beta: Double
  ) throws(ImportError) -> ValueID {
    let line = try context.binary(.add, try context.binary(.multiply, x, alpha), beta)
    return try context.binary(.minimum, try context.binary(.maximum, line, 0), 1)
  }
}
