internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Activations of domain com.microsoft, some with a bias added first.
enum MicrosoftActivations {
  /// Gelu, BiasGelu and FastGelu: the bias is an optional second operand.
  static func gelu(_ function: UnaryFunction) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(1...2)
      var x = try context.operand(0, "X")
      if let bias = context.optional(1) { x = try context.binary(.add, x, bias) }
      return [try context.unary(function, x)]
    }
  }

  static func quick(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let alpha = try attributes.real("alpha", default: 1.702)
    return [try Gating.swish(context, try context.operand(0, "X"), alpha: alpha)]
  }

  /// The first half of the sum, gated by the Gelu of the second.
  static func biasSplit(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let sum = try context.binary(
      .add, try context.operand(0, "X"), try context.operand(1, "bias"))
    let halves = try context.split(sum, axis: -1, parts: 2)
    return [try context.binary(.multiply, halves[0], try context.unary(.gelu, halves[1]))]
  }

  static func biasAdd(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3)
    let sum = try context.binary(
      .add, try context.operand(0, "X"), try context.operand(1, "bias"))
    return [try context.binary(.add, sum, try context.operand(2, "skip"))]
  }

  /// Softmax over the axes from `axis` on of data plus a bias. The bias lacks either the inner axes
  /// before `axis`, or the outer ones.
  static func biasSoftmax(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let data = try context.operand(0, "data")
    var axis = try attributes.integer("axis", default: 1)
    _ = try attributes.flag("is_inner_broadcast", default: false)
    let rank = try context.knownRank(data, "data")
    if axis < 0 { axis += rank }
    guard axis >= 0, axis < rank else { throw .invalid("it is out of range", .attribute("axis")) }
    let bias = try context.operand(1, "bias")
    let sum = try context.binary(.add, data, bias)
    if axis == rank - 1 { return [try context.one(Softmax(axis: -1), sum)] }
    let flat = try context.reshaped(
      sum, to: [try context.extents(of: sum, from: 0, to: axis), try context.vector([-1])])
    return [try context.reshaped(try context.one(Softmax(axis: -1), flat), like: sum)]
  }
}
