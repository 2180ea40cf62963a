internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// An activation that ONNX Runtime has fused into a product, by its ONNX name.
struct FusedActivation {
  var name: String
  /// The operator's attributes in the order of their names; what is missing takes the default.
  var parameters: [Double?] = []

  private func parameter(_ index: Int, _ standard: Double) -> Double {
    (index < parameters.count ? parameters[index] : nil) ?? Double(Float(standard))
  }

  func apply(_ context: NodeContext, _ x: ValueID) throws(ImportError) -> ValueID {
    switch name {
    case "": return x
    case "Relu": return try context.unary(.relu, x)
    case "Sigmoid": return try context.unary(.sigmoid, x)
    case "Tanh": return try context.unary(.tanh, x)
    case "Gelu": return try context.unary(.gelu, x)
    case "FastGelu": return try context.unary(.geluTanh, x)
    case "Softplus": return try Gating.softplus(context, x)
    case "Softsign":
      let divisor = try context.binary(.add, try context.unary(.absolute, x), 1)
      return try context.binary(.divide, x, divisor)
    case "LeakyRelu":
      let slope = try context.binary(.multiply, x, parameter(0, 0.01))
      return try context.select(try context.binary(.less, x, 0), slope, x)
    case "ThresholdedRelu":
      let element = context.element(x)
      let passes = try context.binary(.less, try context.scalar(parameter(0, 1), element), x)
      return try context.select(passes, x, try context.scalar(0, element))
    case "Elu":
      let rise = try context.binary(.subtract, try context.unary(.exp, x), 1)
      let scaled = try context.binary(.multiply, rise, parameter(0, 1))
      return try context.select(try context.binary(.less, x, 0), scaled, x)
    case "HardSigmoid":
      let line = try context.binary(
        .add, try context.binary(.multiply, x, parameter(0, 0.2)), parameter(1, 0.5))
      return try context.binary(.minimum, try context.binary(.maximum, line, 0), 1)
    case "Clip":
      let low = try context.binary(
        .maximum, x, parameter(0, -Double(Float.greatestFiniteMagnitude)))
      return try context.binary(.minimum, low, parameter(1, Double(Float.greatestFiniteMagnitude)))
    default: throw .unsupported("the activation '\(name)'", .attribute("activation"))
    }
  }
}
