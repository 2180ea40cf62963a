internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// MatMul and Gemm.
enum Products {
  static func matMul(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    return [try context.one(MatMul(), try context.operand(0, "A"), try context.operand(1, "B"))]
  }

  /// Y = alpha · A′ · B′ + beta · C
  static func gemm(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(context.opset >= 11 ? 2...3 : 3...3)
    // Before opset 7 C broadcasts where this flag asks for it; now it always may.
    if context.opset < 7 { _ = try attributes.flag("broadcast", default: false) }
    return [try general(context, &attributes)]
  }

  /// Gemm's product by its attributes.
  static func general(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> ValueID {
    let alpha = try attributes.real("alpha", default: 1)
    let beta = try attributes.real("beta", default: 1)
    let transposesLeft = try attributes.flag("transA", default: false)
    let transposesRight = try attributes.flag("transB", default: false)
    let left = try context.operand(0, "A")
    let right = try context.operand(1, "B")
    for (value, name) in [(left, "A"), (right, "B")] {
      if let rank = context.rank(value), rank != 2 {
        throw .invalid("it has rank \(rank), expected 2", .operand(name))
      }
    }
    var result = try context.one(
      MatMul(
        leftPermutation: transposesLeft ? [1, 0] : [],
        rightPermutation: transposesRight ? [1, 0] : []),
      left, right)
    if alpha != 1 { result = try context.binary(.multiply, result, alpha) }
    if var addend = context.optional(2), beta != 0 {
      if beta != 1 { addend = try context.binary(.multiply, addend, beta) }
      result = try context.binary(.add, result, addend)
    }
    return result
  }
}
