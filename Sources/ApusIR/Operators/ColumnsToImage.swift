package import ApusTensor

/// Adds columns of blocks up into an image, the transpose of cutting it into blocks.
///
/// Operands `columns` [batch, channels · block, blocks], `image` (int64 spatial extents), `block`
/// (int64 block extents). The result is [batch, channels, image…]. Source: ONNX Col2Im-18.
package struct ColumnsToImage: WindowOperator {
  package static let name = "columns_to_image"
  package static let operandNames = ["columns", "image", "block"]
  package static var fields: [Field<Self>] {
    [Field("strides", \.strides), Field("dilations", \.dilations), Field("pads", \.pads)]
  }

  package var strides: [Int] = []
  package var dilations: [Int] = []
  package var pads: [Int] = []
  package var padding: ConvolutionPadding { .explicit }

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...3)
    let columns = try operands.require(0, arithmetic: [.real, .signed, .unsigned])
    _ = try operands.require(0, rank: 3)
    guard let image = try operands.entries(1), let block = try operands.numbers(2) else {
      let rank = (operands[1] ?? operands[2])?.type.fixedShape?.first
      return [.unknown(columns.element, rank: rank.map { $0 + 2 })]
    }
    guard image.count == block.count, block.allSatisfy({ $0 > 0 }),
      let area = Array.product(block)
    else { throw .invalid(field: "block", reason: "\(block) does not fit \(image.count) axes") }
    try checkWindow(image.count)
    guard let extents = columns.type.extents else {
      return [.unknown(columns.element, rank: image.count + 2)]
    }
    if let rows = extents[1].fixed, rows % area != 0 {
      throw .extents(operand: "columns", found: extents[1], expected: .fixed(area))
    }
    return [
      Fact(columns.element, [extents[0], extents[1].floorDivided(by: .fixed(area))] + image)
    ]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let columns = try operands.tensor(0)
    let block = try operands.tensor(2).decodedIntegers()
    let shape = try results.fixedShape(0)
    let image = Array(shape.dropFirst(2))
    let window = self.window(input: image, kernel: block)
    let output = image.indices.map { axis in
      outputExtent(
        axis, of: image.count, input: .fixed(image[axis]), kernel: .fixed(block[axis]), ceil: false
      ).fixed ?? 0
    }
    let blocks = Array.product(output.map { max($0, 0) }) ?? 0
    guard columns.shape[2] == blocks else {
      throw .value("\(columns.shape[2]) blocks where \(blocks) fit the image")
    }
    let taps = Array.product(block) ?? 0
    let reach = (0..<taps).map {
      Convolution.offsets(tap: $0, kernel: block, window: window, input: image, output: output)
    }
    let x = try columns.decodedReals()
    let area = Array.product(image) ?? 0
    var values = [Double](repeating: 0, count: Array.product(shape) ?? 0)
    for plane in 0..<(shape[0] * shape[1]) {
      for tap in 0..<taps {
        for position in 0..<blocks where reach[tap][position] >= 0 {
          values[plane * area + reach[tap][position]] += x[(plane * taps + tap) * blocks + position]
        }
      }
    }
    return [try .make(columns.element, shape, .real(values))]
  }
}
