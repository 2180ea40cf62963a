internal import CApusPlatform
package import ApusLoops
package import ApusTensor

/// Applies a function of one argument to every element: yᵢ = f(xᵢ).
///
/// Operand `input`: real; also signed integers for `negate`, `absolute`, `sign`; bool for `not`.
/// The result has the operand's type. Sources: ONNX operators of the functions' names.
package struct Unary: ElementwiseOperator {
  package static let name = "unary"
  package static let operandNames = ["input"]
  package static var fields: [Field<Self>] { [Field("function", \.function)] }

  package var function: UnaryFunction = .negate

  package init() {}
  package init(_ function: UnaryFunction) { self.function = function }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let allowed: [ElementType.Arithmetic] =
      switch function {
      case .not: [.boolean]
      case .negate, .absolute, .sign, .relu: [.real, .signed, .unsigned]
      default: [.real]
      }
    let input = try operands.require(0, arithmetic: allowed)
    guard function == .negate, let contents = input.contents else { return [Fact(input.type)] }
    return [Fact(input.type, contents: contents.map { .zero - $0 })]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    switch try input.decoded() {
    case .real(let values):
      let function = self.function
      return [try input.replacing(.real(values.map { Self.apply(function, $0) }))]
    case .signed(let values):
      return [try input.replacing(.signed(values.map(applySigned)))]
    case .unsigned(let values):
      return [try input.replacing(.unsigned(values.map(applyUnsigned)))]
    case .boolean(let values):
      return [try input.replacing(.boolean(values.map { !$0 }))]
    case .text, .complex:
      throw .unsupported("\(function.rawValue) of \(input.element.name)")
    }
  }

  package func lower(
    into builder: inout ProgramBuilder, operands: [Int], elements: [ElementType],
    result: ElementType
  ) -> Int? {
    guard let lane = Program.Lane(for: elements[0]) else { return nil }
    if lane == .integer && ![.negate, .absolute, .sign].contains(function) { return nil }
    return builder.emit(.unary(function, operands[0]))
  }

  /// The function in double precision.
  package static func apply(_ function: UnaryFunction, _ x: Double) -> Double {
    switch function {
    case .negate: -x
    case .absolute: x.magnitude
    case .sqrt: x.squareRoot()
    case .reciprocal: 1 / x
    case .exp: apus_exp(x)
    case .log: apus_log(x)
    case .sin: apus_sin(x)
    case .cos: apus_cos(x)
    case .tanh: apus_tanh(x)
    case .erf: apus_erf(x)
    case .sigmoid: x >= 0 ? 1 / (1 + apus_exp(-x)) : apus_exp(x) / (1 + apus_exp(x))
    case .relu: x.isNaN ? x : max(x, 0)
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    case .round: x.rounded(.toNearestOrEven)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .gelu: 0.5 * x * (1 + apus_erf(x * 0.5.squareRoot()))
    case .geluTanh:
      0.5 * x * (1 + apus_tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .not: x == 0 ? 1 : 0
    }
  }

  private func applySigned(_ x: Int64) -> Int64 {
    switch function {
    case .negate: 0 &- x
    case .absolute: x < 0 ? 0 &- x : x
    case .sign: x.signum()
    case .relu: max(x, 0)
    default: x
    }
  }

  private func applyUnsigned(_ x: UInt64) -> UInt64 {
    switch function {
    case .negate: 0 &- x
    case .sign: x == 0 ? 0 : 1
    default: x
    }
  }
}
