internal import ApusIR

/// Softmax and LogSoftmax. Before opset 13 the operand is flattened to two dimensions at the axis, so
/// the sum runs over all dimensions from the axis on.
enum SoftmaxFamily {
  static func softmax(logarithm: Bool) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(1)
      let x = try context.operand(0, "input")
      if context.opset >= 13 {
        let axis = try attributes.integer("axis", default: -1)
        return [try context.one(Softmax(axis: axis, logarithm: logarithm), x)]
      }
      let axis = try attributes.integer("axis", default: 1)
      if let rank = context.rank(x), axis == rank - 1 || axis == -1 {
        return [try context.one(Softmax(axis: axis, logarithm: logarithm), x)]
      }
      let flat = try context.one(Flatten(axis: axis), x)
      let result = try context.one(Softmax(axis: 1, logarithm: logarithm), flat)
      let shape = try context.one(ShapeOf(), x)
      return [try context.one(Reshape(allowZero: true), result, shape)]
    }
  }
}
