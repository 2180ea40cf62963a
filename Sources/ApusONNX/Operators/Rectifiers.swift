internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Piecewise linear activations: LeakyRelu, PRelu, ThresholdedRelu, Shrink.
enum Rectifiers {
  /// y = x < 0 ? alpha · x : x
  static func leaky(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    if context.opset < 6 { attributes.ignore("consumed_inputs") }
    let x = try context.operand(0, "X")
    let alpha = try attributes.real("alpha", default: 0.01)
    let isNegative = try context.binary(.less, x, 0)
    return [try context.select(isNegative, try context.binary(.multiply, x, alpha), x)]
  }

  /// y = x < 0 ? slope · x : x; before opset 7 a slope of rank 1 counts channels.
  static func parametric(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    if context.opset < 6 { attributes.ignore("consumed_inputs") }
    let x = try context.operand(0, "X")
    var slope = try context.operand(1, "slope")
    if context.opset < 7, context.rank(slope) == 1 {
      slope = try context.aligned(slope, toAxis: 1, of: x)
    }
    let isNegative = try context.binary(.less, x, 0)
    return [try context.select(isNegative, try context.binary(.multiply, x, slope), x)]
  }

  /// y = x > alpha ? x : 0
  static func thresholded(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "X")
    let element = context.element(x)
    let alpha = try context.scalar(try attributes.real("alpha", default: 1), element)
    let passes = try context.binary(.less, alpha, x)
    return [try context.select(passes, x, try context.scalar(0, element))]
  }

  /// y = x < −lambda ? x + bias : x > lambda ? x − bias : 0
  static func shrink(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "input")
    let element = context.element(x)
    let bias = try attributes.real("bias", default: 0)
    let lambda = try attributes.real("lambd", default: 0.5)
    let isLow = try context.binary(.less, x, -lambda)
    let isHigh = try context.binary(.less, try context.scalar(lambda, element), x)
    let high = try context.select(
      isHigh, try context.binary(.subtract, x, bias), try context.scalar(0, element))
    return [try context.select(isLow, try context.binary(.add, x, bias), high)]
  }
}
