package import ApusTensor

/// Takes single elements by index along one axis: y[i, j] = x[indices[i, j], j] for axis 0.
///
/// Operands `data` and `indices` (int32 or int64, of the data's rank; negative ones count from the
/// end). The result has the indices' shape. Source: ONNX GatherElements-13.
package struct GatherElements: Operator {
  package static let name = "gather_elements"
  package static let operandNames = ["data", "indices"]
  package static var fields: [Field<Self>] { [Field("axis", \.axis)] }

  /// Counted from either end.
  package var axis = 0

  package init() {}
  package init(axis: Int) { self.axis = axis }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let data = try operands.require(0)
    let indices = try operands.require(1, element: [.int64, .int32])
    if let extents = data.type.extents {
      let axis = try normalize(axis: self.axis, rank: extents.count)
      _ = try operands.require(1, rank: extents.count)
      for (index, place) in (indices.type.extents ?? []).enumerated() where index != axis {
        guard let limit = extents[index].fixed, let found = place.fixed, found > limit else {
          continue
        }
        throw .extents(operand: "indices", found: place, expected: extents[index])
      }
    }
    return [Fact(TensorType(data.element, indices.shape))]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let places = try operands.tensor(1)
    let axis = try normalized(self.axis, rank: data.rank)
    guard places.rank == data.rank else {
      throw .type(.rank(operand: "indices", found: places.rank, expected: "\(data.rank)"))
    }
    let indices = try places.decodedIntegers()
    var strides = rowMajorStrides(data.shape)
    let step = strides[axis]
    strides[axis] = 0
    let source = try MovementSource(data)
    var result = try TensorAssembler(data.element, places.shape)
    for (index, base) in Offsets(shape: places.shape, strides: strides).enumerated() {
      let place = try wrapped(indices[index], limit: data.shape[axis], operand: "indices")
      try result.copyRun(1, from: source, at: base + place * step, to: index)
    }
    return [try result.finish()]
  }
}
