internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Operators of two or more arguments that broadcast: Add, Equal, Max, Pow, Mod and their like.
enum Arithmetic {
  static func binary(_ function: BinaryFunction, swapped: Bool = false) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(2)
      let left = try context.operand(0, "A")
      let right = try aligned(context, left, try context.operand(1, "B"), &attributes)
      return [try context.binary(function, swapped ? right : left, swapped ? left : right)]
    }
  }

  /// Before opset 7 the right operand broadcasts only where asked to, its dimensions beginning at
  /// an axis of the left one.
  private static func aligned(
    _ context: NodeContext, _ left: ValueID, _ right: ValueID,
    _ attributes: inout AttributeReader
  ) throws(ImportError) -> ValueID {
    guard context.opset < 7 else { return right }
    attributes.ignore("consumed_inputs")
    let broadcasts = try attributes.flag("broadcast", default: false)
    guard let axis = try attributes.integer("axis"), broadcasts else { return right }
    let leftRank = try context.knownRank(left, "A")
    let rightRank = try context.knownRank(right, "B")
    guard axis >= -leftRank, axis < max(leftRank, 1) else {
      throw .invalid("\(axis) is out of range for rank \(leftRank)", .attribute("axis"))
    }
    let start = axis < 0 ? axis + leftRank : axis
    let trailing = leftRank - start - rightRank
    guard trailing >= 0 else {
      throw .invalid(
        "operand B of rank \(rightRank) does not fit from \(axis) on",
        .attribute("axis"))
    }
    if trailing == 0 { return right }
    let axes = try context.vector(Array(rightRank..<(rightRank + trailing)))
    return try context.one(Unsqueeze(), right, axes)
  }

  /// Operators of any number of arguments, combined from the left.
  static func fold(_ function: BinaryFunction) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      if context.opset < 8 { attributes.ignore("consumed_inputs") }
      return [try combined(context, function)]
    }
  }

  private static func combined(
    _ context: NodeContext, _ function: BinaryFunction
  ) throws(ImportError) -> ValueID {
    let values = try context.variadic()
    if values.count == 1 { return try context.one(Identity(), values[0]) }
    var result = values[0]
    for value in values.dropFirst() { result = try context.binary(function, result, value) }
    return result
  }

  static func mean(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    if context.opset < 8 { attributes.ignore("consumed_inputs") }
    let sum = try combined(context, .add)
    return [try context.binary(.divide, sum, Double(context.operands.count))]
  }

  /// The result has the base's type, whatever the exponent's is.
  static func power(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let base = try context.operand(0, "X")
    let exponent = try aligned(context, base, try context.operand(1, "Y"), &attributes)
    let element = context.element(base)
    let other = context.element(exponent)
    if element == other { return [try context.binary(.power, base, exponent)] }
    if element.isFloatingPoint || !other.isFloatingPoint {
      return [try context.binary(.power, base, try context.cast(exponent, to: element))]
    }
    let wide = try context.binary(
      .power, try context.cast(base, to: .float64), try context.cast(exponent, to: .float64))
    return [try context.cast(wide, to: element)]
  }

  /// `fmod` has the dividend's sign, the default the divisor's.
  static func modulo(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let left = try context.operand(0, "A")
    let right = try context.operand(1, "B")
    let remainder = try context.binary(.remainder, left, right)
    let element = context.element(left)
    if try attributes.flag("fmod", default: false) || element.arithmetic == .unsigned {
      return [remainder]
    }
    let zero = try context.scalar(0, element)
    let leftNegative = try context.binary(.less, remainder, zero)
    let rightNegative = try context.binary(.less, right, zero)
    let signsDiffer = try context.binary(.xor, leftNegative, rightNegative)
    let isWhole = try context.binary(.equal, remainder, zero)
    let adjusts = try context.binary(.and, signsDiffer, try context.unary(.not, isWhole))
    let shifted = try context.binary(.add, remainder, right)
    let result = try context.select(adjusts, shifted, remainder)
    guard element.isFloatingPoint else { return [result] }
    // A remainder of zero takes the divisor's sign as well.
    let signedZero = try context.select(
      rightNegative, try context.scalar(-0.0, element), zero)
    return [try context.select(isWhole, signedZero, result)]
  }
}
