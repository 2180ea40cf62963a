package import ApusTensor

/// Takes every step-th element from start up to, but not including, end along some axes.
///
/// Operands `data`, `starts`, `ends` and optionally `axes` and `steps` (1-D integers of one length).
/// Bounds count from either end and are clamped; steps may be negative. Source: ONNX Slice-13.
package struct Slice: Operator {
  package static let name = "slice"
  package static let operandNames = ["data", "starts", "ends", "axes", "steps"]

  package init() {}

  /// What is cut from one dimension.
  package struct Cut: Hashable, Sendable {
    package var start: Int
    package var step: Int
    package var length: Int
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...5)
    let data = try operands.require(0)
    let starts = try operands.entries(1)
    let ends = try operands.entries(2)
    let listed = operands[3] == nil ? nil : try operands.numbers(3)
    let steps = operands[4] == nil ? nil : try operands.numbers(4)
    guard let starts, let ends, operands[3] == nil || listed != nil,
      operands[4] == nil || steps != nil, let extents = data.type.extents
    else { return [unknown(data.type, axes: listed)] }
    for (name, count) in [
      ("ends", ends.count), ("axes", listed?.count ?? starts.count),
      ("steps", steps?.count ?? starts.count),
    ] where count != starts.count {
      throw .invalid(field: name, reason: "\(count) entries beside \(starts.count) starts")
    }
    if listed == nil && starts.count > extents.count {
      throw .invalid(
        field: "starts", reason: "\(starts.count) entries for rank \(extents.count)")
    }
    let axes = try normalize(axes: listed ?? Array(starts.indices), rank: extents.count)
    var result = extents
    for (index, axis) in axes.enumerated() {
      let step = steps?[index] ?? 1
      guard step != 0 else { throw .invalid(field: "steps", reason: "a step is 0") }
      guard
        let length = Self.length(extents[axis], from: starts[index], to: ends[index], step: step)
      else { return [unknown(data.type, axes: axes)] }
      result[axis] = length
    }
    let type = TensorType(data.element, result)
    return [Fact(type, contents: contents(data, type, axes, starts, ends, steps))]
  }

  /// The result where the cuts are not known: only the extents of other axes stay.
  private func unknown(_ type: TensorType, axes: [Int]?) -> Fact {
    guard var extents = type.extents else { return .unknown(type.element) }
    let touched = axes.flatMap { try? normalize(axes: $0, rank: extents.count) }
    for axis in touched ?? Array(extents.indices) { extents[axis] = .unknown }
    return Fact(type.element, extents)
  }

  private func contents(
    _ data: Fact, _ type: TensorType, _ axes: [Int], _ starts: [Extent], _ ends: [Extent],
    _ steps: [Int]?
  ) -> [Extent]? {
    guard data.contents != nil, let shape = data.type.fixedShape, let view = type.fixedShape else {
      return nil
    }
    var strides = rowMajorStrides(shape)
    var offset = 0
    for (index, axis) in axes.enumerated() {
      guard let start = starts[index].fixed, let end = ends[index].fixed else { return nil }
      let cut = Self.cut(shape[axis], from: start, to: end, step: steps?[index] ?? 1)
      offset = offset &+ cut.start &* strides[axis]
      strides[axis] = strides[axis] &* cut.step
    }
    return data.contents(viewedAs: view, strides: strides, start: offset)
  }

  /// The cut along a dimension of a known extent; a step that is taken at most once reads as 1.
  package static func cut(_ extent: Int, from start: Int, to end: Int, step: Int) -> Cut {
    func clamped(_ bound: Int, _ low: Int, _ high: Int) -> Int {
      max(low, min(bound < 0 ? bound + extent : bound, high))
    }
    guard extent > 0 else { return Cut(start: 0, step: 1, length: 0) }
    if step > 0 {
      let first = clamped(start, 0, extent)
      let limit = clamped(end, 0, extent)
      let length = limit > first ? (limit - first - 1) / step + 1 : 0
      return Cut(start: first, step: length > 1 ? step : 1, length: length)
    }
    let first = clamped(start, 0, extent - 1)
    let limit = clamped(end, -1, extent - 1)
    let length = first > limit ? Int(UInt(first - limit - 1) / step.magnitude) + 1 : 0
    return Cut(start: first, step: length > 1 ? step : 1, length: length)
  }

  /// The extent of a cut, or nil where no polynomial expresses it.
  package static func length(
    _ extent: Extent, from start: Extent, to end: Extent, step: Int
  ) -> Extent? {
    if let extent = extent.fixed, let start = start.fixed, let end = end.fixed {
      return .fixed(cut(extent, from: start, to: end, step: step).length)
    }
    if step < 0 {
      // Only a whole dimension in reverse is expressed.
      guard let first = start.fixed, first == -1 || first >= farAway, let last = end.fixed,
        last <= -farAway, step != .min
      else { return nil }
      return extent.ceilingDivided(by: .fixed(-step))
    }
    guard let first = bound(start, extent), let limit = bound(end, extent) else { return nil }
    return (limit - first).ceilingDivided(by: .fixed(step)).clampedToZero
  }

  /// Bounds from here on mean the end of any dimension; exporters write the limits of 32 or 64 bits.
  private static let farAway = Int(Int32.max)

  /// A bound counted from the start and clamped to 0 … extent.
  private static func bound(_ value: Extent, _ extent: Extent) -> Extent? {
    if let number = value.fixed {
      if number >= farAway { return extent }
      if number <= -farAway { return .zero }
      return number < 0 ? (extent + value).clampedToZero : .lesser(value, extent)
    }
    if value.isNonNegative { return .lesser(value, extent) }
    // −n counts from the end, unless n is 0.
    let back = Extent.zero - value
    guard back.isNonNegative else { return nil }
    let position = (extent - back).clampedToZero
    return back.isPositive ? position : position * .minimum(back, .one)
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let starts = try operands.tensor(1).decodedIntegers()
    let ends = try operands.tensor(2).decodedIntegers()
    let listed = try operands.optional(3)?.decodedIntegers() ?? Array(starts.indices)
    let steps =
      try operands.optional(4)?.decodedIntegers() ?? Array(repeating: 1, count: starts.count)
    guard ends.count == starts.count, listed.count == starts.count, steps.count == starts.count
    else {
      throw .type(.invalid(field: "starts", reason: "operands differ in length"))
    }
    let axes: [Int]
    do { axes = try normalize(axes: listed, rank: data.rank) } catch { throw .type(error) }
    var shape = data.shape
    var strides = rowMajorStrides(data.shape)
    var offset = 0
    for (index, axis) in axes.enumerated() {
      guard steps[index] != 0 else {
        throw .type(.invalid(field: "steps", reason: "a step is 0"))
      }
      let cut = Self.cut(shape[axis], from: starts[index], to: ends[index], step: steps[index])
      offset = offset &+ cut.start &* strides[axis]
      shape[axis] = cut.length
      strides[axis] = strides[axis] &* cut.step
    }
    return [try data.view(shape, strides: strides, start: offset)]
  }
}
