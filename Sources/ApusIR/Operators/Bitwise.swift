package import ApusTensor

/// Combinations of integers bit by bit.
package enum BitwiseFunction: String, FieldKind {
  case and, or, xor, shiftLeft, shiftRight
}

/// Combines two integer tensors bit by bit, broadcasting by NumPy's rules.
///
/// Operands `left`, `right` of one integer type. Shifts by the element's width or more, and by
/// negative counts, leave only the sign: 0, or -1 for negative numbers shifted right. Sources: ONNX BitwiseAnd-18, BitShift-28 and their family.
package struct Bitwise: Operator {
  package static let name = "bitwise"
  package static let operandNames = ["left", "right"]
  package static var fields: [Field<Self>] { [Field("function", \.function)] }

  package var function = BitwiseFunction.and

  package init() {}
  package init(_ function: BitwiseFunction) { self.function = function }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let left = try operands.require(0, arithmetic: [.signed, .unsigned])
    let right = try operands.require(1, sameElementAs: 0)
    return [Fact(TensorType(left.element, try broadcast(left.shape, right.shape)))]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let left = try operands.tensor(0)
    let right = try operands.tensor(1)
    let space = try BroadcastSpace([left.shape, right.shape])
    switch (try left.decoded(), try right.decoded()) {
    case (.signed(let a), .signed(let b)):
      return [try space.map(a, b, as: left.element, Elements.signed, combine)]
    case (.unsigned(let a), .unsigned(let b)):
      return [try space.map(a, b, as: left.element, Elements.unsigned, combine)]
    default: throw .unsupported("\(function.rawValue) of \(left.element.name)")
    }
  }

  /// Encoding wraps to the element's width; Swift's shifts are total.
  private func combine<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer {
    switch function {
    case .and: a & b
    case .or: a | b
    case .xor: a ^ b
    case .shiftLeft: b < 0 ? 0 : a << b
    case .shiftRight: a >> (b < 0 ? Integer.max : b)
    }
  }
}
