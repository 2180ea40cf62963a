internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Exponential linear units: Elu, Selu, Celu.
enum ExponentialUnits {
  /// y = x < 0 ? alpha · (exp x − 1) : x
  static func elu(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    if context.opset < 6 { attributes.ignore("consumed_inputs") }
    let x = try context.operand(0, "X")
    let alpha = try attributes.real("alpha", default: 1)
    return [try unit(context, x, negative: alpha, positive: 1)]
  }

  /// y = gamma · (x < 0 ? alpha · (exp x − 1) : x)
  static func selu(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "X")
    let isOld = context.opset < 6
    if isOld { attributes.ignore("consumed_inputs") }
    let alpha = try attributes.real("alpha", default: isOld ? 1.6732 : 1.67326319217681884765625)
    let gamma = try attributes.real("gamma", default: isOld ? 1.0507 : 1.05070102214813232421875)
    return [try unit(context, x, negative: alpha * gamma, positive: gamma)]
  }

  private static func unit(
    _ context: NodeContext, _ x: ValueID, negative: Double, positive: Double
  ) throws(ImportError) -> ValueID {
    let isNegative = try context.binary(.less, x, 0)
    let exponential = try context.binary(.subtract, try context.unary(.exp, x), 1)
    let low = try context.binary(.multiply, exponential, negative)
    let high = positive == 1 ? x : try context.binary(.multiply, x, positive)
    return try context.select(isNegative, low, high)
  }

  /// y = max(0, x) + min(0, alpha · (exp(x / alpha) − 1))
  static func celu(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "X")
    let alpha = try attributes.real("alpha", default: 1)
    let scaled = try context.unary(.exp, try context.binary(.divide, x, alpha))
    let curve = try context.binary(.multiply, try context.binary(.subtract, scaled, 1), alpha)
    let low = try context.binary(.minimum, curve, 0)
    return [try context.binary(.add, try context.unary(.relu, x), low)]
  }
}
