package import ApusLoops
package import ApusTensor

/// Convolution over any number of spatial axes, with groups.
///
/// Operands `data` [batch, channels, spatial…] and `weight` [outputs, channels / group, kernel…] of one
/// numeric type (integers wrap), `bias` [outputs] where `hasBias`, then what the epilogue reads (its operand 0 is the
/// result). Source: ONNX Conv-22.
package struct Convolution: WindowOperator, Contraction {
  package static let name = "convolution"
  package static let operandNames = ["data", "weight", "bias", "epilogue operand"]
  package static var fields: [Field<Self>] {
    [
      Field("strides", \.strides), Field("dilations", \.dilations), Field("pads", \.pads),
      Field("padding", \.padding), Field("group", \.group), Field("hasBias", \.hasBias),
      Field("epilogue", \.epilogue),
    ]
  }

  package var strides: [Int] = []
  package var dilations: [Int] = []
  package var pads: [Int] = []
  package var padding = ConvolutionPadding.explicit
  package var group = 1
  package var hasBias = false
  package var epilogue: Program?

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    let data = try operands.require(0, arithmetic: [.real, .signed, .unsigned])
    let weight = try operands.require(1, sameElementAs: 0)
    guard group >= 1 else { throw .invalid(field: "group", reason: "\(group) is not positive") }
    var first = 2
    if hasBias {
      _ = try operands.require(2, sameElementAs: 0)
      _ = try operands.require(2, rank: 1)
      first = 3
    }
    if epilogue == nil { try operands.expect(first...first) }
    let type = TensorType(data.element, try resultShape(data, weight, operands))
    guard let epilogue else { return [Fact(type)] }
    return [Fact(try epilogue.checkEpilogue(result: type, operands, from: first))]
  }

  private func resultShape(
    _ data: Fact, _ weight: Fact, _ operands: Operands
  ) throws(TypeError) -> Shape {
    guard let input = data.type.extents, let kernel = weight.type.extents else { return .unranked }
    guard input.count >= 3 else {
      throw .rank(operand: "data", found: input.count, expected: "3 or more")
    }
    guard kernel.count == input.count else {
      throw .rank(operand: "weight", found: kernel.count, expected: "\(input.count)")
    }
    let spatial = input.count - 2
    try checkWindow(spatial)
    let channels = kernel[1] * .fixed(group)
    if let a = channels.fixed, let b = input[1].fixed, a != b {
      throw .extents(operand: "data", found: input[1], expected: channels)
    }
    if let outputs = kernel[0].fixed, outputs % group != 0 {
      throw .invalid(field: "group", reason: "\(outputs) outputs do not split into \(group) groups")
    }
    if hasBias, let bias = operands[2]?.type.extents?.first?.fixed, let outputs = kernel[0].fixed,
      bias != outputs
    {
      throw .extents(operand: "bias", found: .fixed(bias), expected: kernel[0])
    }
    var result = [input[0], kernel[0]]
    for axis in 0..<spatial {
      let extent = outputExtent(
        axis, of: spatial, input: input[axis + 2], kernel: kernel[axis + 2], ceil: false)
      result.append(extent.fixed.map { .fixed(max($0, 0)) } ?? extent)
    }
    return .ranked(result)
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let weight = try operands.tensor(1)
    guard let shape = results.first?.fixedShape ?? fixedShape(operands) else {
      throw .unsupported("a convolution without a known shape")
    }
    let bias = hasBias ? try operands.tensor(2).decoded() : nil
    let plain: HostTensor
    switch (try data.decoded(), try weight.decoded(), bias) {
    case (.real(let x), .real(let w), let bias):
      var terms: [Double]?
      if case .real(let values) = bias { terms = values }
      let values = try sums(x, w, terms, data.shape, weight.shape, shape, zero: 0) { $0 += $1 * $2 }
      plain = try .make(data.element, shape, .real(values))
    case (.signed(let x), .signed(let w), let bias):
      var terms: [Int64]?
      if case .signed(let values) = bias { terms = values }
      let values = try sums(x, w, terms, data.shape, weight.shape, shape, zero: 0) {
        $0 &+= $1 &* $2
      }
      plain = try .make(data.element, shape, .signed(values))
    case (.unsigned(let x), .unsigned(let w), let bias):
      var terms: [UInt64]?
      if case .unsigned(let values) = bias { terms = values }
      let values = try sums(x, w, terms, data.shape, weight.shape, shape, zero: 0) {
        $0 &+= $1 &* $2
      }
      plain = try .make(data.element, shape, .unsigned(values))
    default: throw .unsupported("convolution of \(data.element.name)")
    }
    guard let epilogue else { return [plain] }
    let rest = operands.dropFirst(hasBias ? 3 : 2).compactMap { $0 }
    return try ProgramEvaluation.run(epilogue, [plain] + rest)
  }

  private func fixedShape(_ operands: [HostTensor?]) -> [Int]? {
    let facts = operands.map { $0.map { Fact($0.type) } }
    return (try? infer(Operands(facts)))?.first?.type.fixedShape
  }

  /// Adds one kernel tap at a time over all output positions that it reaches.
  @inline(__always)
  private func sums<T>(
    _ x: [T], _ w: [T], _ bias: [T]?, _ data: [Int], _ weight: [Int], _ shape: [Int], zero: T,
    _ accumulate: (inout T, T, T) -> Void
  ) throws(EvaluationError) -> [T] where T: ExpressibleByIntegerLiteral {
    let spatial = Array(data.dropFirst(2))
    let kernel = Array(weight.dropFirst(2))
    let output = Array(shape.dropFirst(2))
    var values = [T](repeating: zero, count: try allocatable(shape))
    if values.isEmpty { return values }
    let positions = Array.product(output) ?? 0
    let plane = Array.product(spatial) ?? 0
    // Without weights there is nothing to add, however large the kernel.
    let taps = w.isEmpty ? 0 : Array.product(kernel) ?? 0
    _ = try allocatable([taps, positions])
    let window = self.window(input: spatial, kernel: kernel)
    // For each tap, the input offset of every output position, or -1 in the padding.
    let reach = (0..<taps).map { tap in
      Self.offsets(tap: tap, kernel: kernel, window: window, input: spatial, output: output)
    }
    let outputs = shape[1]
    let perGroup = w.isEmpty ? 0 : weight[1]
    for image in 0..<shape[0] {
      for channel in 0..<outputs {
        let base = (image * outputs + channel) * positions
        let firstInput = channel / (outputs / group) * perGroup
        for input in 0..<perGroup {
          let source = (image * data[1] + firstInput + input) * plane
          for tap in 0..<taps {
            let factor = w[(channel * perGroup + input) * taps + tap]
            let offsets = reach[tap]
            for position in 0..<positions where offsets[position] >= 0 {
              accumulate(&values[base + position], factor, x[source + offsets[position]])
            }
          }
        }
        if let bias {
          for position in 0..<positions { accumulate(&values[base + position], bias[channel], 1) }
        }
      }
    }
    return values
  }

  static func offsets(
    tap: Int, kernel: [Int], window: Window, input: [Int], output: [Int]
  ) -> [Int] {
    var taps = [Int](repeating: 0, count: kernel.count)
    var rest = tap
    for axis in kernel.indices.reversed() {
      taps[axis] = rest % kernel[axis]
      rest /= kernel[axis]
    }
    let strides = rowMajorStrides(input)
    var result = [0]
    for axis in output.indices {
      var next: [Int] = []
      next.reserveCapacity(result.count * output[axis])
      for prefix in result {
        for position in 0..<output[axis] {
          let at =
            position * window.strides[axis] + taps[axis] * window.dilations[axis]
            - window.padsBefore[axis]
          next.append(prefix < 0 || at < 0 || at >= input[axis] ? -1 : prefix + at * strides[axis])
        }
      }
      result = next
    }
    return result
  }
}

extension Convolution {
  package var epilogueOperand: Int { hasBias ? 3 : 2 }

  package func products(_ shapes: [[Int]]) -> Int {
    shapes.count > 1 ? Array.product(Array(shapes[1].dropFirst())) ?? .max : 0
  }

  package func sums(
    _ operands: [HostTensor?], at coordinates: [[Int]], of shape: [Int]
  ) throws(EvaluationError) -> [ProductSum] {
    let (data, weight) = (try operands.tensor(0), try operands.tensor(1))
    let (x, w) = (try data.decodedReals(), try weight.decodedReals())
    let bias = hasBias ? try operands.tensor(2).decodedReals() : []
    let spatial = Array(data.shape.dropFirst(2))
    let kernel = Array(weight.shape.dropFirst(2))
    let window = self.window(input: spatial, kernel: kernel)
    let plane = Array.product(spatial) ?? 0
    let taps = w.isEmpty ? 0 : Array.product(kernel) ?? 0
    let perGroup = w.isEmpty ? 0 : weight.shape[1]
    return coordinates.map { coordinate in
      let channel = coordinate[1]
      // The input offset of every kernel tap at this position, or -1 in the padding.
      let reach =
        taps == 0 ? [] : Self.reach(Array(coordinate.dropFirst(2)), window, kernel, spatial)
      let first = data.shape[1] * coordinate[0] + channel / (shape[1] / group) * perGroup
      var sum = ProductSum()
      for input in 0..<perGroup {
        for tap in 0..<taps where reach[tap] >= 0 {
          sum.add(
            w[(channel * perGroup + input) * taps + tap] * x[(first + input) * plane + reach[tap]])
        }
      }
      if hasBias { sum.add(bias[channel]) }
      return sum
    }
  }

  private static func reach(
    _ position: [Int], _ window: Window, _ kernel: [Int], _ input: [Int]
  ) -> [Int] {
    let strides = rowMajorStrides(input)
    var result = [0]
    for axis in kernel.indices {
      var next: [Int] = []
      for prefix in result {
        for tap in 0..<kernel[axis] {
          let at =
            position[axis] * window.strides[axis] + tap * window.dilations[axis]
            - window.padsBefore[axis]
          next.append(prefix < 0 || at < 0 || at >= input[axis] ? -1 : prefix + at * strides[axis])
        }
      }
      result = next
    }
    return result
  }
}
