package import ApusTensor

/// How elements between others are computed.
package enum ResizeMode: String, FieldKind {
  case nearest, linear, cubic
}

/// How a position of the result maps to one of the data.
package enum ResizeTransform: String, FieldKind {
  case halfPixel, halfPixelSymmetric, torchHalfPixel, alignCorners, asymmetric, cropAndResize
  /// Half an element to the right of `halfPixel`.
  case shiftedHalfPixel
}

/// Which neighbour is the nearest.
package enum ResizeRounding: String, FieldKind {
  case roundPreferFloor, roundPreferCeil, floor, ceil
  /// The lower one where the axis grows, the upper one where it shrinks.
  case outward
}

/// What sizes mean for the shape of the image.
package enum ResizeAspect: String, FieldKind {
  case stretch, notLarger, notSmaller
}

/// Resamples along axes, one after the other.
///
/// Coordinates are computed in single precision, as by the runtimes that exporters check against: a
/// nearest neighbour, or an extent by scale, may hang on it.
///
/// Operands `data`, optional `region` (starts, then ends, in parts of the extents), optional `scales`
/// (real), optional `sizes` (int64): one of the last two, an entry for each of `axes`, or of all axes
/// where `axes` is empty. Source: ONNX Resize-19.
package struct Resize: Operator {
  package static let name = "resize"
  package static let operandNames = ["data", "region", "scales", "sizes"]
  package static var fields: [Field<Self>] {
    [
      Field("mode", \.mode), Field("transform", \.transform), Field("rounding", \.rounding),
      Field("aspect", \.aspect), Field("axes", \.axes), Field("antialias", \.antialias),
      Field("excludeOutside", \.excludeOutside), Field("cubicCoefficient", \.cubicCoefficient),
      Field("outside", \.outside),
    ]
  }

  package var mode = ResizeMode.nearest
  package var transform = ResizeTransform.halfPixel
  package var rounding = ResizeRounding.roundPreferFloor
  package var aspect = ResizeAspect.stretch
  /// Counted from either end.
  package var axes: [Int] = []
  /// Whether the filter widens where the result is smaller.
  package var antialias = false
  /// Whether neighbours outside of the data have no weight.
  package var excludeOutside = false
  package var cubicCoefficient = -0.75
  /// The value outside of the data when cropping.
  package var outside = 0.0

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...4)
    let data = try operands.require(0)
    guard (operands[2] == nil) != (operands[3] == nil) else {
      throw .invalid(field: "scales", reason: "scales or sizes must be given, not both")
    }
    guard let extents = data.type.extents else { return [.unknown(data.element)] }
    let axes = try axes(rank: extents.count)
    var result = extents
    for axis in axes { result[axis] = .unknown }
    if operands[2] != nil {
      let scales = try operands.require(2, arithmetic: [.real])
      guard let values = try? scales.constant?.reals() else { return [Fact(data.element, result)] }
      guard values.count == axes.count, values.allSatisfy({ $0 > 0 && $0.isFinite }) else {
        throw .invalid(field: "scales", reason: "\(values) for \(axes.count) axes")
      }
      for (axis, scale) in zip(axes, values) {
        result[axis] = Self.scaled(extents[axis], Float(scale))
      }
      return [Fact(data.element, result)]
    }
    guard let sizes = try operands.entries(3) else { return [Fact(data.element, result)] }
    guard sizes.count == axes.count, sizes.allSatisfy({ ($0.fixed ?? 0) >= 0 }) else {
      throw .invalid(field: "sizes", reason: "\(sizes.count) sizes for \(axes.count) axes")
    }
    guard aspect != .stretch else {
      for (axis, size) in zip(axes, sizes) { result[axis] = size }
      return [Fact(data.element, result)]
    }
    let known = zip(axes, sizes).compactMap { axis, size -> (Int, Int)? in
      guard let extent = extents[axis].fixed, let size = size.fixed, extent > 0 else { return nil }
      return (extent, size)
    }
    guard known.count == axes.count else { return [Fact(data.element, result)] }
    let scale = commonScale(known)
    for (axis, pair) in zip(axes, known) {
      let size = (Double(pair.0) * scale + 0.5).rounded(.down)
      result[axis] = size < 9e15 ? .fixed(Int(size)) : .overflow
    }
    return [Fact(data.element, result)]
  }

  /// The factor that keeps the aspect of extents that shall become sizes.
  private func commonScale(_ pairs: [(Int, Int)]) -> Double {
    let scales = pairs.map { Double($0.1) / Double($0.0) }
    return (aspect == .notLarger ? scales.min() : scales.max()) ?? 1
  }

  private static func scaled(_ extent: Extent, _ scale: Float) -> Extent {
    if let number = extent.fixed {
      let size = (Float(number) * scale).rounded(.down)
      return size < 9e15 ? .fixed(Int(size)) : .overflow
    }
    if scale == scale.rounded(), scale >= 1, scale < 1e9 { return extent * .fixed(Int(scale)) }
    // Powers of two divide without rounding.
    let inverse = (1 / scale).rounded()
    if scale < 1, inverse < 1e9, inverse.significand == 1, inverse * scale == 1 {
      return extent.floorDivided(by: .fixed(Int(inverse)))
    }
    return .unknown
  }

  private func axes(rank: Int) throws(TypeError) -> [Int] {
    axes.isEmpty ? Array(0..<rank) : try normalize(axes: axes, rank: rank)
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let shape = try results.fixedShape(0)
    let axes: [Int]
    do { axes = try self.axes(rank: data.rank) } catch { throw .type(error) }
    let scales = try operands.optional(2)?.decodedReals()
    let region = try operands.optional(1)?.decodedReals() ?? []
    guard shape.count == data.rank, scales.map({ $0.count == axes.count }) ?? true,
      scales?.allSatisfy({ $0 > 0 && $0.isFinite }) ?? true
    else { throw .value("scales do not fit \(data.shape)") }
    guard region.allSatisfy(\.isFinite) else { throw .value("the region is not finite") }
    if shape.contains(0) || data.count == 0 {
      do { return [try HostTensor(zeros: data.element, shape: shape)] } catch {
        throw .tensor(error)
      }
    }
    let common = try commonScale(operands.optional(3), axes.map { data.shape[$0] })
    var lines = shape.indices.map { axis in (0..<data.shape[axis]).map { [ResizeTap($0, 1)] } }
    var touched: Set<Int> = []
    for (index, axis) in axes.enumerated() {
      let input = data.shape[axis]
      let output = shape[axis]
      let scale = scales.map { Float($0[index]) } ?? common ?? Float(output) / Float(input)
      if scale == 1, input == output, transform != .cropAndResize { continue }
      touched.insert(axis)
      let bounds: (Float, Float) =
        region.count == 2 * axes.count
        ? (Float(region[index]), Float(region[index + axes.count])) : (0, 1)
      lines[axis] = (0..<output).map { taps($0, input, output, scale, bounds) }
    }
    if mode == .nearest, transform != .cropAndResize {
      let strides = rowMajorStrides(data.shape)
      var offsets = [0]
      for axis in shape.indices {
        offsets = offsets.flatMap { prefix in
          lines[axis].map { prefix + $0[0].source * strides[axis] }
        }
      }
      return [try data.picking(offsets, shape: shape)]
    }
    return [try blend(data, lines, touched, shape)]
  }

  /// The scale that sizes ask for where they keep the aspect.
  private func commonScale(
    _ sizes: HostTensor?, _ extents: [Int]
  ) throws(EvaluationError) -> Float? {
    guard aspect != .stretch, let sizes = try sizes?.decodedIntegers(),
      sizes.count == extents.count
    else { return nil }
    return Float(commonScale(Array(zip(extents, sizes))))
  }

  /// Applies the taps axis by axis; a line without taps lies outside.
  private func blend(
    _ data: HostTensor, _ lines: [[[ResizeTap]]], _ touched: Set<Int>, _ shape: [Int]
  ) throws(EvaluationError) -> HostTensor {
    var values = try data.decodedReals()
    var current = data.shape
    for axis in shape.indices where touched.contains(axis) {
      var next = current
      next[axis] = shape[axis]
      var result = [Double](repeating: 0, count: Array.product(next) ?? 0)
      let targets = AxisLines(shape: next, axis: axis).makeIterator()
      for line in AxisLines(shape: current, axis: axis) {
        guard let target = targets.next() else { break }
        let line = Array(line)
        for (position, place) in target.enumerated() {
          let taps = lines[axis][position]
          result[place] =
            taps.isEmpty ? .nan : taps.reduce(0) { $0 + values[line[$1.source]] * $1.weight }
        }
      }
      values = result
      current = next
    }
    if transform == .cropAndResize {
      // What lies outside along any axis has the outside value.
      for (offset, coordinates) in Coordinates(shape).enumerated()
      where coordinates.indices.contains(where: { lines[$0][coordinates[$0]].isEmpty }) {
        values[offset] = outside
      }
    }
    return try .make(data.element, shape, .real(values))
  }

  /// What a position of the result is made of along one axis.
  private func taps(
    _ position: Int, _ input: Int, _ output: Int, _ scale: Float, _ region: (Float, Float)
  ) -> [ResizeTap] {
    let place = origin(position, input, output, scale, region)
    if transform == .cropAndResize, !(place >= 0 && place <= Float(input - 1)) { return [] }
    let x = max(-1e15, min(Double(place), 1e15))
    func clamped(_ index: Double) -> Int { Int(min(max(index, 0), Double(input - 1))) }
    if mode == .nearest {
      let nearest =
        switch rounding {
        case .floor: x.rounded(.down)
        case .ceil: x.rounded(.up)
        case .roundPreferFloor: (x - 0.5).rounded(.up)
        case .roundPreferCeil: (x + 0.5).rounded(.down)
        case .outward: x.rounded(scale < 1 ? .up : .down)
        }
      return [ResizeTap(clamped(nearest), 1)]
    }
    let shrink = antialias ? Double(min(scale, 1)) : 1
    let support = (mode == .linear ? 1.0 : 2.0) / shrink
    var taps: [ResizeTap] = []
    var total = 0.0
    var index = (x - support).rounded(.up)
    while index <= x + support {
      let isInside = index >= 0 && index <= Double(input - 1)
      let weight = kernel((index - x).magnitude * shrink)
      if isInside || !excludeOutside {
        taps.append(ResizeTap(clamped(index), weight))
        total += weight
      }
      index += 1
    }
    guard total != 0 else { return [ResizeTap(clamped(x.rounded()), 1)] }
    return taps.map { ResizeTap($0.source, $0.weight / total) }
  }

  private func origin(
    _ position: Int, _ input: Int, _ output: Int, _ scale: Float, _ region: (Float, Float)
  ) -> Float {
    let x = Float(position)
    switch transform {
    case .halfPixel: return (x + 0.5) / scale - 0.5
    case .shiftedHalfPixel: return (x + 0.5) / scale
    case .halfPixelSymmetric:
      let adjustment = Float(output) / (scale * Float(input))
      let offset = Float(input) / 2 * (1 - adjustment)
      return offset + (x + 0.5) / scale - 0.5
    case .torchHalfPixel: return output > 1 ? (x + 0.5) / scale - 0.5 : 0
    case .alignCorners:
      // The result's length before it was rounded down.
      let last = scale * Float(input) - 1
      return output > 1 && last > 0 ? x * Float(input - 1) / last : 0
    case .asymmetric: return x / scale
    case .cropAndResize:
      let last = Float(input - 1)
      guard output > 1 else { return 0.5 * (region.0 + region.1) * last }
      return region.0 * last + x * (region.1 - region.0) * last / Float(output - 1)
    }
  }

  /// The weight of a neighbour at a distance (Keys, "Cubic Convolution Interpolation", 1981).
  private func kernel(_ x: Double) -> Double {
    if mode == .linear { return max(0, 1 - x) }
    let a = cubicCoefficient
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}

private struct ResizeTap {
  let source: Int
  let weight: Double

  init(_ source: Int, _ weight: Double) {
    self.source = source
    self.weight = weight
  }
}
