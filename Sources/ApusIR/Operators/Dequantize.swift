package import ApusTensor

/// Maps numbers of a narrow type back: y = (x − zeroPoint) · scale.
///
/// Operands `data` (numbers), `scale` (real; a scalar, a vector along `axis`, or of the data's rank
/// with one entry per `blockSize` elements along it) and optional `zeroPoint` of the scale's shape and
/// the data's type. The result has type `element`, the scale's where nil.
/// Source: ONNX DequantizeLinear-25.
package struct Dequantize: Operator {
  package static let name = "dequantize"
  package static let operandNames = ["data", "scale", "zeroPoint"]
  package static var fields: [Field<Self>] {
    [
      Field("element", \.element), Field("axis", \.axis), Field("blockSize", \.blockSize),
    ]
  }

  package var element: ElementType?
  package var axis = 1
  /// 0 where the scale is no block scale.
  package var blockSize = 0

  package init() {}
  package init(axis: Int, blockSize: Int = 0, to element: ElementType? = nil) {
    self.axis = axis
    self.blockSize = blockSize
    self.element = element
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...3)
    let data = try operands.require(0, arithmetic: [.real, .signed, .unsigned])
    let scale = try operands.require(1, arithmetic: [.real])
    if let element, !element.isFloatingPoint {
      throw .invalid(field: "element", reason: "\(element.name) is not real")
    }
    try QuantizationGrid.check(data.shape, scale.shape, axis, blockSize)
    if operands[2] != nil {
      let zero = try operands.require(2, sameElementAs: 0)
      try QuantizationGrid.check(zeroPoint: zero.shape, scale: scale.shape)
    }
    return [Fact(TensorType(element ?? scale.element, data.shape))]
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
    let result = element ?? scale.element
    for index in values.indices {
      let place = grid(index)
      var difference = values[index] - zeros[place]
      // Differences of 32-bit integers round before the product, as single precision kernels do.
      if result != .float64 { difference = Double(Float(difference)) }
      values[index] = difference * scales[place]
    }
    return [try .make(result, data.shape, .real(values))]
  }
}
