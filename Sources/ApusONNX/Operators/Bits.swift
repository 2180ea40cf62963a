internal import ApusIR
internal import ApusTensor

/// Integers bit by bit.
enum Bits {
  static func binary(_ function: BitwiseFunction) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(2)
      return [
        try context.one(
          Bitwise(function), try context.operand(0, "A"), try context.operand(1, "B"))
      ]
    }
  }

  /// The exclusive or with all bits set.
  static func complement(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "X")
    let element = context.element(x)
    let ones: HostTensor
    do {
      ones =
        element.arithmetic == .unsigned
        ? try HostTensor(element, shape: [], .unsigned([.max]))
        : try HostTensor(element, shape: [], .signed([-1]))
    } catch { throw .invalid("\(error)", .operand("X")) }
    return [try context.one(Bitwise(.xor), x, try context.constant(ones))]
  }

  static func shift(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    guard attributes.has("direction") else {
      throw .invalid("it is required", .attribute("direction"))
    }
    let function = try attributes.choice(
      "direction", default: BitwiseFunction.shiftLeft,
      [("LEFT", .shiftLeft), ("RIGHT", .shiftRight)])
    return [
      try context.one(Bitwise(function), try context.operand(0, "X"), try context.operand(1, "Y"))
    ]
  }

  static func cast(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    guard let element = try attributes.element("to") else {
      throw .invalid("it is required", .attribute("to"))
    }
    return [try context.one(BitCast(to: element), try context.operand(0, "input"))]
  }
}
