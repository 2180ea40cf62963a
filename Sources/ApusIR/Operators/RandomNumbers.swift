internal import CApusPlatform
package import ApusTensor

/// A distribution of independent random numbers.
package enum RandomDistribution: String, FieldKind {
  /// From `first` up to, but not including, `second`.
  case uniform
  /// With mean `first` and standard deviation `second`.
  case normal
}

/// Draws random numbers.
///
/// Operand `shape` (1-D int64). Element i takes its words from the Philox generator at counter i, keyed
/// by `seed`; without a seed each evaluation draws a new one. Sources: ONNX RandomUniform-22,
/// RandomNormal-22; Box & Muller 1958.
package struct RandomNumbers: Operator {
  package static let name = "random_numbers"
  package static let operandNames = ["shape"]
  package static var fields: [Field<Self>] {
    [
      Field("distribution", \.distribution), Field("element", \.element), Field("first", \.first),
      Field("second", \.second), Field("seed", \.seed),
    ]
  }

  package var distribution = RandomDistribution.uniform
  package var element = ElementType.float32
  package var first = 0.0
  package var second = 1.0
  package var seed: Int?

  package init() {}

  package var isDeterministic: Bool { seed != nil }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    guard element.isFloatingPoint else {
      throw .invalid(field: "element", reason: "\(element.name) is not real")
    }
    guard let extents = try operands.entries(0) else { return [.unknown(element)] }
    for extent in extents where extent.fixed.map({ $0 < 0 }) == true {
      throw .invalid(field: "shape", reason: "extent \(extent) is negative")
    }
    return [Fact(element, extents)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let shape = try results.fixedShape(0)
    do { _ = try HostTensor.byteCount(.float64, shape) } catch { throw .tensor(error) }
    let generator = Philox(seed: seed)
    let count = Array.product(shape) ?? 0
    // As many bits as the type has, so that rounding does not reach the upper bound of 0 ..< 1.
    let bits = element.floatFormat.map { $0.mantissaBits + 1 } ?? (element == .float32 ? 24 : 53)
    let values = (0..<count).map { index in
      switch distribution {
      case .uniform: return first + generator.unit(index, bits: bits) * (second - first)
      case .normal:
        let radius = (-2 * apus_log(1 - generator.unit(2 * index))).squareRoot()
        let angle = 2 * Double.pi * generator.unit(2 * index + 1)
        return first + second * radius * apus_cos(angle)
      }
    }
    return [try .make(element, shape, .real(values))]
  }
}
