package import ApusTensor

/// Puts pooled maxima back where they came from, zeros elsewhere.
///
/// Operands `data` [batch, channels, spatial…], `places` (int64 of the data's shape: offsets in the
/// result as it would be without `shape`), optional `shape` (int64, all extents of the result).
/// Source: ONNX MaxUnpool-22.
package struct Unpool: Operator {
  package static let name = "unpool"
  package static let operandNames = ["data", "places", "shape"]
  package static var fields: [Field<Self>] {
    [Field("kernel", \.kernel), Field("strides", \.strides), Field("pads", \.pads)]
  }

  package var kernel: [Int] = []
  package var strides: [Int] = []
  package var pads: [Int] = []

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...3)
    let data = try operands.require(0, arithmetic: [.real])
    _ = try operands.require(1, element: [.int64])
    if operands[2] != nil {
      guard let shape = try operands.entries(2) else {
        return [.unknown(data.element, rank: data.type.rank)]
      }
      return [Fact(data.element, shape)]
    }
    guard let extents = data.type.extents else { return [.unknown(data.element)] }
    return [Fact(data.element, try natural(extents))]
  }

  /// The extents that kernel, strides and pads lead to.
  private func natural(_ extents: [Extent]) throws(TypeError) -> [Extent] {
    let rank = kernel.count
    guard extents.count == rank + 2 else {
      throw .rank(operand: "data", found: extents.count, expected: "\(rank + 2)")
    }
    guard strides.isEmpty || strides.count == rank, pads.isEmpty || pads.count == 2 * rank else {
      throw .invalid(field: "strides", reason: "strides or pads do not fit \(rank) axes")
    }
    return Array(extents[..<2])
      + (0..<rank).map { axis in
        let cut = pads.isEmpty ? Extent.zero : .fixed(pads[axis]) + .fixed(pads[axis + rank])
        return (extents[axis + 2] - 1) * .fixed(strides.isEmpty ? 1 : strides[axis])
          + .fixed(kernel[axis]) - cut
      }
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let shape = try results.fixedShape(0)
    let places = try operands.tensor(1).decodedIntegers()
    let x = try data.decodedReals()
    guard places.count == x.count, shape.count == data.rank else {
      throw .value("\(places.count) places for \(x.count) elements")
    }
    let extents: [Extent]
    do { extents = try natural(data.shape.map(Extent.fixed)) } catch { throw .type(error) }
    let inner = extents.map { max($0.fixed ?? 0, 0) }
    let strides = rowMajorStrides(shape)
    let count = Array.product(inner) ?? 0
    var values = [Double](repeating: 0, count: Array.product(shape) ?? 0)
    for (place, value) in zip(places, x) {
      let offset = try wrapped(place, limit: count, operand: "places")
      let target = ApusIR.coordinates(of: offset, in: inner)
      guard zip(target, shape).allSatisfy({ $0 < $1 }) else {
        throw .indexOutOfRange(operand: "places", index: place, limit: values.count)
      }
      values[zip(target, strides).reduce(0) { $0 + $1.0 * $1.1 }] = value
    }
    return [try .make(data.element, shape, .real(values))]
  }
}
