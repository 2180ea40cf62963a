package import ApusTensor

/// A new axis on which one position has the on value, the others the off value.
///
/// Operands `indices` (numbers, counted from either end; those outside select nothing), `depth` (one
/// number), `values` (two elements: off, on). Source: ONNX OneHot-28.
package struct OneHot: Operator {
  package static let name = "one_hot"
  package static let operandNames = ["indices", "depth", "values"]
  package static var fields: [Field<Self>] { [Field("axis", \.axis)] }

  /// Where the new axis stands in the result, counted from either end.
  package var axis = -1

  package init() {}
  package init(axis: Int) { self.axis = axis }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...3)
    let indices = try operands.require(0, arithmetic: [.real, .signed, .unsigned])
    let depth = try operands.require(1, arithmetic: [.real, .signed, .unsigned])
    let values = try operands.require(2)
    guard var extents = indices.type.extents else { return [.unknown(values.element)] }
    let axis = try normalize(axis: self.axis, rank: extents.count + 1)
    var extent = depth.contents?.first ?? .unknown
    if let number = (try? depth.constant?.reals())?.first {
      guard number >= 0, number < 9e15 else {
        throw .invalid(field: "depth", reason: "\(number) is no depth")
      }
      extent = .fixed(Int(number))
    }
    extents.insert(extent, at: axis)
    return [Fact(values.element, extents)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let indices = try operands.tensor(0)
    let values = try operands.tensor(2)
    let shape = try results.fixedShape(0)
    guard values.count == 2 else { throw .value("\(values.count) values, not off and on") }
    let axis = try normalized(self.axis, rank: indices.rank + 1)
    let depth = shape[axis]
    let picked = try indices.decodedReals().map { saturatingInteger($0) }
    let strides = rowMajorStrides(indices.shape)
    let offsets = Coordinates(shape).map { coordinates in
      var rest = coordinates
      let position = Int64(rest.remove(at: axis))
      let index = picked[zip(rest, strides).reduce(0) { $0 + $1.0 * $1.1 }]
      let wrapped = index < 0 ? index &+ Int64(depth) : index
      return wrapped == position ? 1 : 0
    }
    return [try values.picking(offsets, shape: shape)]
  }
}
