internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Smooth activations: Gelu, Swish, SwiGLU, Mish, Softplus, Softsign.
enum Gating {
  static func gelu(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let isTanh = try attributes.choice(
      "approximate", default: false, [("none", false), ("tanh", true)])
    return [try context.unary(isTanh ? .geluTanh : .gelu, try context.operand(0, "X"))]
  }

  /// y = x · sigmoid(alpha · x)
  static func swish(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let alpha = try attributes.real("alpha", default: 1)
    return [try swish(context, try context.operand(0, "X"), alpha: alpha)]
  }

  /// y = a · sigmoid(alpha · a) · b
  static func swishGated(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let alpha = try attributes.real("alpha", default: 1)
    let gate = try swish(context, try context.operand(0, "A"), alpha: alpha)
    return [try context.binary(.multiply, gate, try context.operand(1, "B"))]
  }

  /// x · sigmoid(alpha · x)
  static func swish(
    _ context: NodeContext, _ x: ValueID, alpha: Double
  ) throws(ImportError) -> ValueID {
    let scaled = alpha == 1 ? x : try context.binary(.multiply, x, alpha)
    return try context.binary(.multiply, x, try context.unary(.sigmoid, scaled))
  }

  /// y = x · tanh(softplus x)
  static func mish(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "X")
    let gate = try context.unary(.tanh, try softplus(context, x))
    return [try context.binary(.multiply, x, gate)]
  }

  static func softplus(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    return [try softplus(context, try context.operand(0, "X"))]
  }

  /// log(1 + exp x) = max(x, 0) + log(1 + exp −|x|), which does not overflow.
  static func softplus(
    _ context: NodeContext, _ x: ValueID
  ) throws(ImportError) -> ValueID {
    let magnitude = try context.unary(.negate, try context.unary(.absolute, x))
    let tail = try context.binary(.add, try context.unary(.exp, magnitude), 1)
    return try context.binary(.add, try context.unary(.relu, x), try context.unary(.log, tail))
  }

  /// y = x / (1 + |x|)
  static func softsign(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "input")
    let divisor = try context.binary(.add, try context.unary(.absolute, x), 1)
    return [try context.binary(.divide, x, divisor)]
  }
}
