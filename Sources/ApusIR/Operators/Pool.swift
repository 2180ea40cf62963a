package import ApusTensor

/// What a pooling window computes.
package enum PoolKind: String, FieldKind {
  case maximum, average, sum
}

/// Pools spatial windows of [batch, channels, spatial…].
///
/// Operand `data`: real, also 8-bit integers for the maximum. With `indices` a second result holds the
/// position of each maximum in the flattened input. Sources: ONNX MaxPool-22, AveragePool-22.
package struct Pool: WindowOperator {
  package static let name = "pool"
  package static let operandNames = ["data"]
  package static var fields: [Field<Self>] {
    [
      Field("kind", \.kind), Field("kernel", \.kernel), Field("strides", \.strides),
      Field("dilations", \.dilations), Field("pads", \.pads), Field("padding", \.padding),
      Field("ceilMode", \.ceilMode), Field("includePadding", \.includePadding),
      Field("indices", \.indices), Field("columnMajorIndices", \.columnMajorIndices),
    ]
  }

  package var kind = PoolKind.maximum
  package var kernel: [Int] = []
  package var strides: [Int] = []
  package var dilations: [Int] = []
  package var pads: [Int] = []
  package var padding = ConvolutionPadding.explicit
  package var ceilMode = false
  /// Whether padding counts in an average's divisor.
  package var includePadding = false
  package var indices = false
  package var columnMajorIndices = false

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let data = try operands.require(
      0, arithmetic: kind == .maximum ? [.real, .signed, .unsigned] : [.real])
    guard kernel.allSatisfy({ $0 > 0 && $0 <= 1 << 31 }) else {
      throw .invalid(field: "kernel", reason: "\(kernel) must be positive")
    }
    var shape = Shape.unranked
    if let input = data.type.extents {
      guard input.count == kernel.count + 2 else {
        throw .rank(operand: "data", found: input.count, expected: "\(kernel.count + 2)")
      }
      try checkWindow(kernel.count)
      var result = Array(input.prefix(2))
      for axis in kernel.indices {
        let extent = outputExtent(
          axis, of: kernel.count, input: input[axis + 2], kernel: .fixed(kernel[axis]),
          ceil: ceilMode)
        result.append(extent.fixed.map { .fixed(max($0, 0)) } ?? extent)
      }
      shape = .ranked(result)
    }
    let facts = [Fact(TensorType(data.element, shape))]
    return indices ? facts + [Fact(TensorType(.int64, shape))] : facts
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    guard let shape = results.first?.fixedShape else {
      throw .unsupported("a pool without a known shape")
    }
    let x = try data.decodedReals()
    let spatial = Array(data.shape.dropFirst(2))
    let output = Array(shape.dropFirst(2))
    let window = self.window(input: spatial, kernel: kernel)
    let taps = Array.product(kernel) ?? 0
    let reach = (0..<taps).map {
      Convolution.offsets(tap: $0, kernel: kernel, window: window, input: spatial, output: output)
    }
    let divisors = self.divisors(window, spatial, output)
    let positions = Array.product(output) ?? 0
    let plane = Array.product(spatial) ?? 0
    var values: [Double] = []
    var places: [Int64] = []
    for channel in 0..<(shape[0] * shape[1]) {
      for position in 0..<positions {
        var best = -Double.infinity
        var place = -1
        var sum = 0.0
        var count = 0
        for tap in reach {
          let offset = tap[position]
          guard offset >= 0 else { continue }
          let value = x[channel * plane + offset]
          count += 1
          sum += value
          if value > best || place < 0 || value.isNaN && !best.isNaN {
            best = value
            place = offset
          }
        }
        switch kind {
        case .average:
          let divisor = includePadding ? divisors[position] : count
          values.append(divisor == 0 ? 0 : sum / Double(divisor))
        case .sum: values.append(sum)
        case .maximum:
          values.append(best)
          places.append(Int64(channel * plane + flat(place, spatial)))
        }
      }
    }
    let pooled: HostTensor
    switch data.element.arithmetic {
    case .real: pooled = try .make(data.element, shape, .real(values))
    default: pooled = try .make(data.element, shape, .signed(values.map(saturatingInteger)))
    }
    return indices ? [pooled, try .make(.int64, shape, .signed(places))] : [pooled]
  }

  /// Positions of each window that lie in the input or its padding.
  private func divisors(_ window: Window, _ input: [Int], _ output: [Int]) -> [Int] {
    var result = [1]
    for axis in output.indices {
      let limit = input[axis] + window.padsBefore[axis] + window.padsAfter[axis]
      let counts = (0..<output[axis]).map { position in
        (0..<kernel[axis]).count {
          position * window.strides[axis] + $0 * window.dilations[axis] < limit
        }
      }
      result = result.flatMap { prefix in counts.map { prefix * $0 } }
    }
    return result
  }

  /// A row-major offset within a plane, in column-major order where asked for.
  private func flat(_ offset: Int, _ shape: [Int]) -> Int {
    guard columnMajorIndices, offset >= 0 else { return max(offset, 0) }
    var rest = offset
    var coordinates: [Int] = []
    for extent in shape.reversed() {
      coordinates.insert(rest % extent, at: 0)
      rest /= extent
    }
    var result = 0
    var step = 1
    for (coordinate, extent) in zip(coordinates, shape) {
      result += coordinate * step
      step *= extent
    }
    return result
  }
}

extension Sequence {
  fileprivate func count(_ predicate: (Element) -> Bool) -> Int {
    reduce(0) { predicate($1) ? $0 + 1 : $0 }
  }
}
