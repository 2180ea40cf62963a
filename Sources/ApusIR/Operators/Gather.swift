package import ApusTensor

/// Takes slices along one axis by index.
///
/// Operands `data` and `indices` (int32 or int64; negative ones count from the end). The indices'
/// dimensions take the place of the axis. Source: ONNX Gather-13.
package struct Gather: Operator {
  package static let name = "gather"
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
    guard let extents = data.type.extents else { return [.unknown(data.element)] }
    let axis = try normalize(axis: self.axis, rank: extents.count)
    guard let places = indices.type.extents else { return [.unknown(data.element)] }
    let result = Array(extents[..<axis]) + places + extents[(axis + 1)...]
    let type = TensorType(data.element, result)
    return [Fact(type, contents: contents(data, indices, axis, type))]
  }

  private func contents(
    _ data: Fact, _ indices: Fact, _ axis: Int, _ type: TensorType
  ) -> [Extent]? {
    guard let contents = data.contents, let shape = data.type.fixedShape,
      let numbers = indices.integers, let count = type.elementCount, count <= Fact.contentLimit
    else { return nil }
    guard count > 0 else { return [] }
    let inner = rowMajorStrides(shape)[axis]
    let limit = shape[axis]
    var result: [Extent] = []
    for outer in 0..<(Array.product(Array(shape[..<axis])) ?? 0) {
      for index in numbers {
        // What is out of range is reported by evaluation.
        guard let place = try? wrapped(index, limit: limit, operand: "indices") else { return nil }
        let start = (outer * limit + place) * inner
        guard start + inner <= contents.count else { return nil }
        result += contents[start..<(start + inner)]
      }
    }
    return result
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let places = try operands.tensor(1)
    let axis = try normalized(self.axis, rank: data.rank)
    let shape = Array(data.shape[..<axis]) + places.shape + data.shape[(axis + 1)...]
    let indices = try places.decodedIntegers()
    let outer = Array.product(Array(data.shape[..<axis])) ?? 0
    let inner = Array.product(Array(data.shape[(axis + 1)...])) ?? 0
    let limit = data.shape[axis]
    let source = try MovementSource(data)
    var result = try TensorAssembler(data.element, shape)
    for (index, place) in indices.enumerated() {
      let row = try wrapped(place, limit: limit, operand: "indices")
      guard outer > 0 && inner > 0 else { continue }
      if outer == 1 {
        try result.copyRun(inner, from: source, at: row * inner, to: index * inner)
      } else {
        try result.copy(
          [outer, inner], from: source, at: row * inner, strides: [limit * inner, 1],
          to: index * inner, strides: [indices.count * inner, 1])
      }
    }
    return [try result.finish()]
  }
}
