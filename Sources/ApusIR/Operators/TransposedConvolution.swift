package import ApusTensor

/// The transpose of a convolution: every input element adds a scaled kernel to the result.
///
/// Operands `data` [batch, channels, spatial…], `weight` [channels, outputs / group, kernel…], optional
/// `bias` [outputs]. Source: ONNX ConvTranspose-22.
package struct TransposedConvolution: Operator {
  package static let name = "transposed_convolution"
  package static let operandNames = ["data", "weight", "bias"]
  package static var fields: [Field<Self>] {
    [
      Field("strides", \.strides), Field("dilations", \.dilations), Field("pads", \.pads),
      Field("padding", \.padding), Field("group", \.group),
      Field("outputPadding", \.outputPadding), Field("outputShape", \.outputShape),
    ]
  }

  package var strides: [Int] = []
  package var dilations: [Int] = []
  /// All starts, then all ends: what is cut from the result.
  package var pads: [Int] = []
  package var padding = ConvolutionPadding.explicit
  package var group = 1
  /// What is added at the ends.
  package var outputPadding: [Int] = []
  /// The spatial extents of the result, where they are given; pads follow from them.
  package var outputShape: [Int] = []

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...3)
    let data = try operands.require(0, arithmetic: [.real])
    let weight = try operands.require(1, sameElementAs: 0)
    if operands[2] != nil {
      _ = try operands.require(2, sameElementAs: 0)
      _ = try operands.require(2, rank: 1)
    }
    guard group >= 1 else { throw .invalid(field: "group", reason: "\(group) is not positive") }
    guard let input = data.type.extents, let kernel = weight.type.extents else {
      return [.unknown(data.element, rank: data.type.rank ?? weight.type.rank)]
    }
    guard input.count >= 3 else {
      throw .rank(operand: "data", found: input.count, expected: "3 or more")
    }
    guard kernel.count == input.count else {
      throw .rank(operand: "weight", found: kernel.count, expected: "\(input.count)")
    }
    if let channels = input[1].fixed, let expected = kernel[0].fixed, channels != expected {
      throw .extents(operand: "data", found: input[1], expected: kernel[0])
    }
    let rank = input.count - 2
    try check(rank)
    var result = [input[0], kernel[1] * .fixed(group)]
    for axis in 0..<rank {
      let extent = extent(axis, rank, input: input[axis + 2], kernel: kernel[axis + 2])
      result.append(extent.fixed.map { .fixed(max($0, 0)) } ?? extent)
    }
    return [Fact(data.element, result)]
  }

  private func check(_ rank: Int) throws(TypeError) {
    for (name, values, count) in [
      ("strides", strides, rank), ("dilations", dilations, rank), ("pads", pads, 2 * rank),
      ("outputPadding", outputPadding, rank), ("outputShape", outputShape, rank),
    ] where !values.isEmpty {
      guard values.count == count else {
        throw .invalid(field: name, reason: "\(values.count) entries for \(rank) spatial axes")
      }
      let least = name == "strides" || name == "dilations" ? 1 : 0
      guard values.allSatisfy({ $0 >= least && $0 <= 1 << 31 }) else {
        throw .invalid(field: name, reason: "\(values) is out of range")
      }
    }
  }

  /// The extent before anything is cut.
  private func full(_ axis: Int, input: Extent, kernel: Extent) -> Extent {
    let stride = Extent.fixed(strides.isEmpty ? 1 : strides[axis])
    let dilation = Extent.fixed(dilations.isEmpty ? 1 : dilations[axis])
    let extra = Extent.fixed(outputPadding.isEmpty ? 0 : outputPadding[axis])
    return stride * (input - 1) + extra + (kernel - 1) * dilation + 1
  }

  private func extent(_ axis: Int, _ rank: Int, input: Extent, kernel: Extent) -> Extent {
    if !outputShape.isEmpty { return .fixed(outputShape[axis]) }
    switch padding {
    case .sameUpper, .sameLower: return input * .fixed(strides.isEmpty ? 1 : strides[axis])
    case .valid: return full(axis, input: input, kernel: kernel)
    case .explicit:
      let cut = pads.isEmpty ? Extent.zero : .fixed(pads[axis]) + .fixed(pads[axis + rank])
      return full(axis, input: input, kernel: kernel) - cut
    }
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let weight = try operands.tensor(1)
    let shape = try results.fixedShape(0)
    let x = try data.decodedReals()
    let w = try weight.decodedReals()
    let bias = try operands.optional(2)?.decodedReals() ?? []
    let input = Array(data.shape.dropFirst(2))
    let kernel = Array(weight.shape.dropFirst(2))
    let output = Array(shape.dropFirst(2))
    guard data.shape[1] == weight.shape[0], data.shape[1] % group == 0,
      bias.isEmpty || bias.count == shape[1]
    else { throw .value("\(data.shape[1]) channels do not fit the weight \(weight.shape)") }
    // The first result position that each axis keeps.
    let starts = input.indices.map { axis in
      if padding == .explicit, outputShape.isEmpty { return pads.isEmpty ? 0 : pads[axis] }
      let full = full(axis, input: .fixed(input[axis]), kernel: .fixed(kernel[axis])).fixed ?? 0
      let total = max(full - output[axis], 0)
      return padding == .sameUpper ? total / 2 : total - total / 2
    }
    let places = Self.places(
      input, kernel, output, starts, Window.fill(strides, input.count, 1),
      Window.fill(dilations, input.count, 1))
    let plane = Array.product(input) ?? 0
    let area = Array.product(output) ?? 0
    let taps = Array.product(kernel) ?? 0
    let perGroup = weight.shape[1]
    let channels = data.shape[1] / group
    var values = [Double](repeating: 0, count: Array.product(shape) ?? 0)
    for image in 0..<data.shape[0] {
      for channel in 0..<data.shape[1] {
        let first = channel / max(channels, 1) * perGroup
        for local in 0..<perGroup {
          let target = (image * shape[1] + first + local) * area
          let source = (image * data.shape[1] + channel) * plane
          for position in 0..<plane {
            for tap in 0..<taps where places[position * taps + tap] >= 0 {
              values[target + places[position * taps + tap]] +=
                x[source + position] * w[(channel * perGroup + local) * taps + tap]
            }
          }
        }
      }
    }
    if !bias.isEmpty {
      for offset in values.indices { values[offset] += bias[offset / max(area, 1) % shape[1]] }
    }
    return [try .make(data.element, shape, .real(values))]
  }

  /// For each input position and kernel tap, the result's offset, or -1 where it is cut.
  private static func places(
    _ input: [Int], _ kernel: [Int], _ output: [Int], _ starts: [Int], _ strides: [Int],
    _ dilations: [Int]
  ) -> [Int] {
    let outer = rowMajorStrides(output)
    var places: [Int] = []
    for position in Coordinates(input) {
      for tap in Coordinates(kernel) {
        var offset = 0
        for axis in input.indices {
          let at = position[axis] * strides[axis] + tap[axis] * dilations[axis] - starts[axis]
          guard at >= 0, at < output[axis] else {
            offset = -1
            break
          }
          offset += at * outer[axis]
        }
        places.append(offset)
      }
    }
    return places
  }
}
