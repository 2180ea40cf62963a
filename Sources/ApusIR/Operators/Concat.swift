package import ApusTensor

/// Joins tensors along one axis.
///
/// Operands `inputs` (one or more): equal element types, ranks and extents but for the axis.
/// Source: ONNX Concat-13.
package struct Concat: Operator {
  package static let name = "concat"
  package static let operandNames = ["inputs"]
  package static var fields: [Field<Self>] { [Field("axis", \.axis)] }

  /// Counted from either end.
  package var axis = 0

  package init() {}
  package init(axis: Int) { self.axis = axis }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...Int.max)
    let first = try operands.require(0)
    var result: [Extent]?
    var unranked = false
    for index in 0..<operands.count {
      let fact = try operands.require(index, sameElementAs: 0)
      guard let extents = fact.type.extents else {
        unranked = true
        continue
      }
      guard let joined = result else {
        _ = try normalize(axis: axis, rank: extents.count)
        result = extents
        continue
      }
      result = try join(joined, extents, name: operands.name(index))
    }
    guard var result else { return [.unknown(first.element)] }
    if unranked { result[try normalize(axis: axis, rank: result.count)] = .unknown }
    let type = TensorType(first.element, result)
    return [Fact(type, contents: contents(operands, type))]
  }

  private func join(
    _ left: [Extent], _ right: [Extent], name: String
  ) throws(TypeError) -> [Extent] {
    guard left.count == right.count else {
      throw .rank(operand: name, found: right.count, expected: "\(left.count)")
    }
    let axis = try normalize(axis: self.axis, rank: left.count)
    var result = left
    for index in left.indices {
      if index == axis {
        result[index] = left[index] + right[index]
      } else if left[index].fixed == nil {
        result[index] = right[index].fixed == nil ? left[index] : right[index]
      } else if let found = right[index].fixed, found != left[index].fixed {
        throw .extents(operand: name, found: right[index], expected: left[index])
      }
    }
    return result
  }

  private func contents(_ operands: Operands, _ type: TensorType) -> [Extent]? {
    guard let shape = type.fixedShape, let count = type.elementCount, count <= Fact.contentLimit,
      let axis = try? normalize(axis: self.axis, rank: shape.count)
    else { return nil }
    let outer = Array.product(Array(shape[..<axis])) ?? 0
    var parts: [[Extent]] = []
    for case let fact? in operands.facts {
      guard let contents = fact.contents else { return nil }
      parts.append(contents)
    }
    guard count > 0 else { return [] }
    var result: [Extent] = []
    for row in 0..<outer {
      for part in parts {
        let length = part.count / outer
        result += part[(row * length)..<((row + 1) * length)]
      }
    }
    return result
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    var shape = try operands.tensor(0).shape
    let axis = try normalized(self.axis, rank: shape.count)
    for index in operands.indices.dropFirst() {
      let part = try operands.tensor(index)
      guard part.rank == shape.count else {
        throw .type(.rank(operand: "inputs", found: part.rank, expected: "\(shape.count)"))
      }
      let (sum, overflow) = shape[axis].addingReportingOverflow(part.shape[axis])
      guard !overflow else { throw .tensor(.tooLarge(element: part.element, shape: shape)) }
      shape[axis] = sum
    }
    var result = try TensorAssembler(try operands.tensor(0).element, shape)
    let strides = rowMajorStrides(shape)
    var start = 0
    for index in operands.indices {
      let part = try operands.tensor(index)
      try result.copy(
        part.shape, from: MovementSource(part), at: 0, strides: rowMajorStrides(part.shape),
        to: start, strides: strides)
      start += part.shape[axis] * strides[axis]
    }
    return [try result.finish()]
  }
}
