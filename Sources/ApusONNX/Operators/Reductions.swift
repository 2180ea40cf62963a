internal import ApusIR

/// The Reduce family: axes are an attribute first, an operand since some opset.
enum Reductions {
  static func reduce(_ kind: ReduceKind, operandSince: Int) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(1...(context.opset >= operandSince ? 2 : 1))
      let data = try context.operand(0, "data")
      let axes = try context.axes(operand: 1, since: operandSince, &attributes)
      let keeps = try attributes.flag("keepdims", default: true)
      let isNone =
        context.opset >= operandSince
        ? try attributes.flag("noop_with_empty_axes", default: false) : false
      let operation = Reduce(kind, keepDimensions: keeps, emptyAxesMeansNone: isNone)
      return [try context.one(operation, data, axes)]
    }
  }
}
