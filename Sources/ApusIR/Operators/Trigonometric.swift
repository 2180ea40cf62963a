internal import CApusPlatform
package import ApusTensor

/// Trigonometric and hyperbolic functions beside those that programs know.
package enum TrigonometricFunction: String, FieldKind {
  case tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh
}

/// Applies a trigonometric or hyperbolic function to every element.
///
/// Operand `input`: real. The result has its type. Sources: ONNX Tan-22, Asin-22 and their family.
package struct Trigonometric: Operator {
  package static let name = "trigonometric"
  package static let operandNames = ["input"]
  package static var fields: [Field<Self>] { [Field("function", \.function)] }

  package var function = TrigonometricFunction.tan

  package init() {}
  package init(_ function: TrigonometricFunction) { self.function = function }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    return [Fact(try operands.require(0, arithmetic: [.real]).type)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    return [try input.replacing(.real(try input.decodedReals().map(apply)))]
  }

  private func apply(_ x: Double) -> Double {
    switch function {
    case .tan: apus_tan(x)
    case .asin: apus_asin(x)
    case .acos: apus_acos(x)
    case .atan: apus_atan(x)
    case .sinh: apus_sinh(x)
    case .cosh: apus_cosh(x)
    case .asinh: apus_asinh(x)
    case .acosh: apus_acosh(x)
    case .atanh: apus_atanh(x)
    }
  }
}
