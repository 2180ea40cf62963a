internal import ApusIR
internal import ApusTensor

/// Identity, and Dropout as inference sees it.
enum Pass {
  static func identity(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let input = try context.operand(0, "input")
    return [context.valueType(input).isTensor ? try context.one(Identity(), input) : input]
  }

  static func dropout(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1...(context.opset >= 12 ? 3 : 1))
    let data = try context.operand(0, "data")
    if context.opset >= 12 {
      attributes.ignore("seed")
      try requireInference(context)
    } else {
      attributes.ignore("ratio")
      if context.opset < 7 {
        attributes.ignore("consumed_inputs")
        if try attributes.integer("is_test", default: 0) == 0, context.uses(output: 1) {
          throw .unsupported("dropout in training", .attribute("is_test"))
        }
      }
    }
    var results: [ValueID?] = [try context.one(Identity(), data)]
    if context.uses(output: 1) {
      let element = context.opset >= 10 ? ElementType.bool : context.element(data)
      let shape = try context.one(ShapeOf(), data)
      results.append(try context.one(Expand(), try context.scalar(1, element), shape))
    } else {
      results.append(nil)
    }
    return results
  }

  /// Training must be switched off, or have nothing to drop.
  private static func requireInference(_ context: NodeContext) throws(ImportError) {
    guard let training = context.optional(2) else { return }
    if let constant = context.fact(training).constant, (try? constant.booleans()) == [false] {
      return
    }
    if let ratio = context.optional(1), let constant = context.fact(ratio).constant,
      (try? constant.reals()) == [0]
    {
      return
    }
    throw .unsupported("dropout in training", .operand("training_mode"))
  }
}
