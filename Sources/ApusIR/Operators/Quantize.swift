package import ApusTensor

/// Maps numbers to a narrow type: y = saturate(round(x / scale) + zeroPoint), ties to even.
///
/// Operands `data` (real or signed integers), `scale` (a scalar, a vector along `axis`, or of the
/// data's rank with one entry per `blockSize` elements along it) and optional `zeroPoint` of the
/// scale's shape and the result's type. The quotient rounds to `precision`, the scale's type where
/// nil. Not-a-number becomes the zero point. Source: ONNX QuantizeLinear-25.
package struct Quantize: Operator {
  package static let name = "quantize"
  package static let operandNames = ["data", "scale", "zeroPoint"]
  package static var fields: [Field<Self>] {
    [
      Field("element", \.element), Field("axis", \.axis), Field("blockSize", \.blockSize),
      Field("saturate", \.saturate), Field("precision", \.precision),
    ]
  }

  package var element = ElementType.uint8
  package var axis = 1
  /// 0 where the scale is no block scale.
  package var blockSize = 0
  /// Whether 8-bit floats keep to the largest number, rather than become infinite or NaN.
  package var saturate = true
  package var precision: ElementType?

  package init() {}
  package init(to element: ElementType, axis: Int = 1, blockSize: Int = 0) {
    self.element = element
    self.axis = axis
    self.blockSize = blockSize
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...3)
    let data = try operands.require(0, arithmetic: [.real, .signed])
    let scale = try operands.require(1, arithmetic: [.real, .signed])
    guard element.isInteger || element.isFloatingPoint else {
      throw .invalid(field: "element", reason: "\(element.name) is no number")
    }
    if let precision, !precision.isFloatingPoint {
      throw .invalid(field: "precision", reason: "\(precision.name) is no precision")
    }
    try QuantizationGrid.check(data.shape, scale.shape, axis, blockSize)
    if operands[2] != nil {
      let zero = try operands.require(2, element: [element])
      try QuantizationGrid.check(zeroPoint: zero.shape, scale: scale.shape)
    }
    return [Fact(TensorType(element, data.shape))]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let scale = try operands.tensor(1)
    let grid = try QuantizationGrid(
      data: data.shape, scale: scale.shape, axis: axis, blockSize: blockSize)
    var values = try data.decodedReals()
    let scales = try scale.decodedReals()
    let zeros = try QuantizationGrid.zeroPoints(operands.optional(2), count: scales.count)
    let step = precision ?? Self.arithmetic(of: scale.element)
    let range = Self.range(element)
    for index in values.indices {
      let place = grid(index)
      let quotient = step.rounded(step.rounded(values[index]) / step.rounded(scales[place]))
      guard let range else {
        values[index] = quotient + zeros[place]
        continue
      }
      let number = (quotient.isNaN ? 0 : quotient.rounded(.toNearestOrEven)) + zeros[place]
      values[index] = min(max(number, range.lowerBound), range.upperBound)
    }
    if element.bitWidth == 8, let format = element.floatFormat {
      let bytes = values.map {
        UInt8(truncatingIfNeeded: format.encode($0, saturating: saturate))
      }
      do { return [try HostTensor(element, shape: data.shape, bytes: bytes)] } catch {
        throw .tensor(error)
      }
    }
    if element.arithmetic == .unsigned {
      return [try .make(element, data.shape, .unsigned(values.map(saturatingUnsigned)))]
    }
    if element.arithmetic == .signed {
      return [try .make(element, data.shape, .signed(values.map(saturatingInteger)))]
    }
    return [try .make(element, data.shape, .real(values))]
  }

  /// The precision that a scale's type stands for.
  static func arithmetic(of scale: ElementType) -> ElementType {
    switch scale {
    case .float16, .bfloat16, .float32: scale
    case .float8e8m0: .float32
    default: .float64
    }
  }

  /// The numbers of an integer type.
  static func range(_ element: ElementType) -> ClosedRange<Double>? {
    let width = element.bitWidth
    switch element.arithmetic {
    case .signed:
      return -Double(
        sign: .plus, exponent: width - 1, significand: 1)...(Double(
          sign: .plus, exponent: width - 1, significand: 1) - 1)
    case .unsigned: return 0...(Double(sign: .plus, exponent: width, significand: 1) - 1)
    default: return nil
    }
  }
}
