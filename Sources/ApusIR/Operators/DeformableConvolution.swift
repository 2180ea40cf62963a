package import ApusTensor

/// A 2-D convolution whose kernel taps are moved by offsets and scaled by a mask.
///
/// Operands `data` [batch, channels, height, width], `weight` [outputs, channels / group, kernel…],
/// `offset` [batch, offsetGroup · taps · 2, output…], optional `bias` [outputs], optional `mask`
/// [batch, offsetGroup · taps, output…]. Source: ONNX DeformConv-22 (Dai et al., "Deformable
/// Convolutional Networks", 2017).
package struct DeformableConvolution: WindowOperator {
  package static let name = "deformable_convolution"
  package static let operandNames = ["data", "weight", "offset", "bias", "mask"]
  package static var fields: [Field<Self>] {
    [
      Field("strides", \.strides), Field("dilations", \.dilations), Field("pads", \.pads),
      Field("group", \.group), Field("offsetGroup", \.offsetGroup),
    ]
  }

  package var strides: [Int] = []
  package var dilations: [Int] = []
  package var pads: [Int] = []
  package var group = 1
  package var offsetGroup = 1
  package var padding: ConvolutionPadding { .explicit }

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...5)
    let data = try operands.require(0, arithmetic: [.real])
    for index in 1..<5 where operands[index] != nil {
      _ = try operands.require(index, sameElementAs: 0)
      _ = try operands.require(index, rank: index == 3 ? 1 : 4)
    }
    _ = try operands.require(0, rank: 4)
    let weight = try operands.require(1)
    _ = try operands.require(2)
    guard group >= 1, offsetGroup >= 1 else {
      throw .invalid(field: "group", reason: "groups must be positive")
    }
    try checkWindow(2)
    guard let input = data.type.extents, let kernel = weight.type.extents else {
      return [.unknown(data.element, rank: 4)]
    }
    var result = [input[0], kernel[0]]
    for axis in 0..<2 {
      let extent = outputExtent(
        axis, of: 2, input: input[axis + 2], kernel: kernel[axis + 2], ceil: false)
      result.append(extent.fixed.map { .fixed(max($0, 0)) } ?? extent)
    }
    return [Fact(data.element, result)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let weight = try operands.tensor(1)
    let shape = try results.fixedShape(0)
    let kernel = Array(weight.shape[2...])
    let taps = kernel[0] * kernel[1]
    let (channels, outputs) = (data.shape[1], shape[1])
    let area = shape[2] * shape[3]
    guard channels == weight.shape[1] * group, outputs % group == 0, channels % offsetGroup == 0,
      try operands.tensor(2).shape == [shape[0], offsetGroup * taps * 2, shape[2], shape[3]],
      operands.optional(4).map({
        $0.shape == [shape[0], offsetGroup * taps, shape[2], shape[3]]
      }) ?? true, operands.optional(3).map({ $0.shape == [outputs] }) ?? true
    else { throw .value("the operands do not fit data \(data.shape) and weight \(weight.shape)") }
    let x = try data.decodedReals()
    let w = try weight.decodedReals()
    let offset = try operands.tensor(2).decodedReals()
    let bias = try operands.optional(3)?.decodedReals()
    let mask = try operands.optional(4)?.decodedReals()
    let window = self.window(input: Array(data.shape[2...]), kernel: kernel)
    let plane = data.shape[2] * data.shape[3]
    var values = [Double](repeating: 0, count: Array.product(shape) ?? 0)
    for image in 0..<shape[0] {
      for place in 0..<area {
        let position = [place / shape[3], place % shape[3]]
        for channel in 0..<channels {
          let moved = channel / (channels / offsetGroup)
          let source = (image * channels + channel) * plane
          for tap in 0..<taps {
            let at = (image * offsetGroup + moved) * taps + tap
            let base = [tap / kernel[1], tap % kernel[1]]
            var point = [0.0, 0.0]
            for axis in 0..<2 {
              let regular: Int =
                position[axis] * window.strides[axis] + base[axis] * window.dilations[axis]
              let moved: Double = offset[(at * 2 + axis) * area + place]
              point[axis] = Double(regular - window.padsBefore[axis]) + moved
            }
            let scale = mask.map { $0[at * area + place] } ?? 1
            let value =
              scale * Self.sample(x, source, data.shape[2], data.shape[3], point[0], point[1])
            if value == 0 { continue }
            let perGroup = outputs / group
            let first = channel / weight.shape[1] * perGroup
            for output in first..<(first + perGroup) {
              values[(image * outputs + output) * area + place] +=
                value * w[(output * weight.shape[1] + channel % weight.shape[1]) * taps + tap]
            }
          }
        }
        if let bias {
          for output in 0..<outputs {
            values[(image * outputs + output) * area + place] += bias[output]
          }
        }
      }
    }
    return [try .make(data.element, shape, .real(values))]
  }

  /// Bilinear interpolation with zeros outside.
  private static func sample(
    _ x: [Double], _ base: Int, _ height: Int, _ width: Int, _ row: Double, _ column: Double
  ) -> Double {
    guard row > -1, column > -1, row < Double(height), column < Double(width) else { return 0 }
    let (top, left) = (Int(row.rounded(.down)), Int(column.rounded(.down)))
    var sum = 0.0
    for (i, a) in [(top, 1 - (row - Double(top))), (top + 1, row - Double(top))]
    where i >= 0 && i < height {
      for (j, b) in [(left, 1 - (column - Double(left))), (left + 1, column - Double(left))]
      where j >= 0 && j < width { sum += a * b * x[base + i * width + j] }
    }
    return sum
  }
}
