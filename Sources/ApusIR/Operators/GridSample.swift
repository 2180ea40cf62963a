package import ApusTensor

/// What lies outside of a sampled image.
package enum SamplePadding: String, FieldKind {
  case zeros, border, reflection
}

/// Samples an image at the places that a grid names.
///
/// Operands `data` [batch, channels, spatial…], `grid` [batch, places…, axes] with coordinates in
/// -1…1, the last axis of the data first. Source: ONNX GridSample-22.
package struct GridSample: Operator {
  package static let name = "grid_sample"
  package static let operandNames = ["data", "grid"]
  package static var fields: [Field<Self>] {
    [
      Field("mode", \.mode), Field("padding", \.padding), Field("alignCorners", \.alignCorners),
    ]
  }

  package var mode = ResizeMode.linear
  package var padding = SamplePadding.zeros
  /// Whether -1 and 1 mean the centres of the first and last element, not their outer edges.
  package var alignCorners = false

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let data = try operands.require(0)
    let grid = try operands.require(1, arithmetic: [.real])
    if let rank = data.type.rank {
      guard rank >= 3 else { throw .rank(operand: "data", found: rank, expected: "3 or more") }
      _ = try operands.require(1, rank: rank)
    }
    guard let extents = data.type.extents, let places = grid.type.extents else {
      return [.unknown(data.element, rank: data.type.rank ?? grid.type.rank)]
    }
    if let found = places.last?.fixed, found != extents.count - 2 {
      throw .extents(operand: "grid", found: .fixed(found), expected: .fixed(extents.count - 2))
    }
    return [Fact(data.element, Array(extents[..<2]) + Array(places[1..<(places.count - 1)]))]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let grid = try operands.tensor(1)
    let shape = try results.fixedShape(0)
    guard data.shape[0] == grid.shape[0] else {
      throw .value("a batch of \(data.shape[0]) and grids for \(grid.shape[0])")
    }
    let values = try data.decodedReals()
    let coordinates = try grid.decodedReals()
    let spatial = Array(data.shape.dropFirst(2))
    let plane = Array.product(spatial) ?? 0
    let places = Array.product(Array(shape.dropFirst(2))) ?? 0
    let strides = rowMajorStrides(spatial)
    var result = [Double](repeating: 0, count: Array.product(shape) ?? 0)
    for image in 0..<shape[0] {
      for place in 0..<places {
        let start = (image * places + place) * spatial.count
        var taps = [(offset: 0, weight: 1.0)]
        for axis in spatial.indices {
          let x = coordinates[start + spatial.count - 1 - axis]
          let along = self.taps(x, extent: spatial[axis])
          taps = taps.flatMap { tap in
            along.map { (tap.offset + $0.source * strides[axis], tap.weight * $0.weight) }
          }
        }
        for channel in 0..<shape[1] {
          let base = (image * shape[1] + channel) * plane
          result[(image * shape[1] + channel) * places + place] =
            taps.reduce(0) { $0 + values[base + $1.offset] * $1.weight }
        }
      }
    }
    return [try .make(data.element, shape, .real(result))]
  }

  /// The elements that a coordinate reads along an axis.
  private func taps(_ coordinate: Double, extent: Int) -> [(source: Int, weight: Double)] {
    let size = Double(extent)
    var x = alignCorners ? (coordinate + 1) / 2 * (size - 1) : ((coordinate + 1) * size - 1) / 2
    guard x.isFinite, x.magnitude < 1e15, extent > 0 else { return [] }
    // Cubic samples read beside their place, so each element is looked up by itself.
    if mode != .cubic { x = placed(x, size) }
    var taps: [(source: Int, weight: Double)] = []
    func add(_ position: Double, _ weight: Double) {
      let inside = mode == .cubic ? placed(position, size) : position
      if inside >= 0, inside <= size - 1 { taps.append((Int(inside), weight)) }
    }
    switch mode {
    case .nearest: add(x.rounded(.toNearestOrEven), 1)
    case .linear:
      let low = x.rounded(.down)
      add(low, 1 - (x - low))
      add(low + 1, x - low)
    case .cubic:
      let low = x.rounded(.down)
      for step in -1...2 { add(low + Double(step), Self.cubic((x - low - Double(step)).magnitude)) }
    }
    return taps
  }

  /// A coordinate brought into the image by the padding.
  private func placed(_ x: Double, _ size: Double) -> Double {
    switch padding {
    case .zeros: return x
    case .border: return min(max(x, 0), size - 1)
    case .reflection:
      let low = alignCorners ? 0 : -0.5
      let span = alignCorners ? size - 1 : size
      guard span > 0 else { return 0 }
      var distance = (x - low).magnitude.truncatingRemainder(dividingBy: 2 * span)
      if distance > span { distance = 2 * span - distance }
      return min(max(distance + low, 0), size - 1)
    }
  }

  /// Cubic convolution with a coefficient of -0.75.
  private static func cubic(_ x: Double) -> Double {
    let a = -0.75
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}
