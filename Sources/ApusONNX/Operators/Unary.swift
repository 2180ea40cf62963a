internal import ApusIR
internal import ApusLoops

extension OperatorTable {
  /// Operators that apply one function to every element: Abs, Relu, Sqrt and their like.
  static func unary(_ function: UnaryFunction) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(1)
      if context.opset < 6 { attributes.ignore("consumed_inputs") }
      return [try context.unary(function, try context.operand(0, "X"))]
    }
  }
}
