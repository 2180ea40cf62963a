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
    _ = try allocatable(shape)
    let places: [Int]
    let pooled: HostTensor
    switch (kind, try data.decoded()) {
    case (.average, .real(let x)), (.sum, .real(let x)):
      pooled = try .make(data.element, shape, .real(sums(x, data.shape, shape)))
      places = []
    case (.maximum, .real(let x)):
      places = maxima(data.shape, shape) { x[$0] > x[$1] || x[$0].isNaN && !x[$1].isNaN }
      pooled = try .make(
        data.element, shape, .real(places.map { $0 < 0 ? -.infinity : x[$0] }))
    case (.maximum, .signed(let x)):
      places = maxima(data.shape, shape) { x[$0] > x[$1] }
      let lowest = Int64.min >> Int64(64 - data.element.bitWidth)
      pooled = try .make(data.element, shape, .signed(places.map { $0 < 0 ? lowest : x[$0] }))
    case (.maximum, .unsigned(let x)):
      places = maxima(data.shape, shape) { x[$0] > x[$1] }
      pooled = try .make(data.element, shape, .unsigned(places.map { $0 < 0 ? 0 : x[$0] }))
    default: throw .unsupported("\(kind.rawValue) pooling of \(data.element.name)")
    }
    guard indices else { return [pooled] }
    let spatial = Array(data.shape.dropFirst(2))
    let plane = max(Array.product(spatial) ?? 0, 1)
    let listed = places.map { place in
      place < 0 ? 0 : Int64(place / plane * plane + flat(place % plane, spatial))
    }
    return [pooled, try .make(.int64, shape, .signed(listed))]
  }

  /// Calls `body` for each output position with the offsets it reads in a plane of `shape`.
  private func forEachWindow(
    _ shape: [Int], _ result: [Int],
    _ body: (_ position: Int, _ offsets: [Int], _ divisor: Double) -> Void
  ) {
    let spatial = Array(shape.dropFirst(2))
    let output = Array(result.dropFirst(2))
    let reads = WindowReads(
      window(input: spatial, kernel: kernel), input: spatial, output: output)
    for position in 0..<(Array.product(output) ?? 0) {
      let offsets = reads.offsets(at: position)
      let divisor =
        includePadding ? reads.paddedCount(at: position) : Double(offsets.count)
      body(position, offsets, divisor)
    }
  }

  /// Sums of the windows, divided where means are asked for.
  private func sums(_ x: [Double], _ shape: [Int], _ result: [Int]) -> [Double] {
    var values = [Double](repeating: 0, count: Array.product(result) ?? 0)
    if values.isEmpty { return [] }
    let channels = result[0] * result[1]
    let (plane, positions) = (x.count / channels, values.count / channels)
    forEachWindow(shape, result) { position, offsets, divisor in
      for channel in 0..<channels where divisor > 0 {
        let sum = offsets.reduce(0) { $0 + x[channel * plane + $1] }
        values[channel * positions + position] = kind == .sum ? sum : sum / divisor
      }
    }
    return values
  }

  /// Where in the data each window's first maximum lies; −1 for a window without elements.
  private func maxima(
    _ shape: [Int], _ result: [Int], _ isLarger: (Int, Int) -> Bool
  ) -> [Int] {
    var places = [Int](repeating: -1, count: Array.product(result) ?? 0)
    if places.isEmpty { return [] }
    let channels = result[0] * result[1]
    let plane = Array.product(Array(shape.dropFirst(2))) ?? 0
    let positions = places.count / channels
    forEachWindow(shape, result) { position, offsets, _ in
      guard let first = offsets.first else { return }
      for channel in 0..<channels {
        var best = channel * plane + first
        for offset in offsets where isLarger(channel * plane + offset, best) {
          best = channel * plane + offset
        }
        places[channel * positions + position] = best
      }
    }
    return places
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
