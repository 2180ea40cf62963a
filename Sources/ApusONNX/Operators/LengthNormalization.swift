internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// LpNormalization and MeanVarianceNormalization.
enum LengthNormalization {
  static func length(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "input")
    let axis = try attributes.integer("axis", default: -1)
    let power = try attributes.integer("p", default: 2)
    guard power == 1 || power == 2 else {
      throw .invalid("\(power) is neither 1 nor 2", .attribute("p"))
    }
    let length = try context.one(Reduce(power == 1 ? .l1 : .l2), x, try context.vector([axis]))
    let quotient = try context.binary(.divide, x, length)
    // Where everything is zero the result is zero.
    let zero = try context.scalar(0, context.element(x))
    return [try context.select(try context.binary(.equal, length, zero), zero, quotient)]
  }

  /// y = (x − mean) / (√(mean x² − mean²) + 1e−9)
  static func meanVariance(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "X")
    let axes = try context.vector(try attributes.integers("axes") ?? [0, 2, 3])
    let mean = try context.one(Reduce(.mean), x, axes)
    let centred = try context.binary(.subtract, x, mean)
    let variance = try context.one(
      Reduce(.mean), try context.binary(.multiply, centred, centred), axes)
    let deviation = try context.binary(.add, try context.unary(.sqrt, variance), 1e-9)
    return [try context.binary(.divide, centred, deviation)]
  }
}
