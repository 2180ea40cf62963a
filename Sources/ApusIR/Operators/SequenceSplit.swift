package import ApusTensor

/// Cuts a tensor along an axis into a sequence of tensors.
///
/// Operands: `data`, optionally `sizes` (int32 or int64): a scalar is the size of every part but the
/// last, a vector lists the sizes. Without it every part has size 1, and loses the axis unless
/// `keepDimensions`. Source: ONNX SplitToSequence-24.
package struct SequenceSplit: ValueOperator {
  package static let name = "sequence_split"
  package static let operandNames = ["data", "sizes"]
  package static var fields: [Field<Self>] {
    [Field("axis", \.axis), Field("keepDimensions", \.keepDimensions)]
  }

  /// Counted from either end.
  package var axis = 0
  package var keepDimensions = true

  package init() {}
  package init(axis: Int, keepDimensions: Bool) {
    self.axis = axis
    self.keepDimensions = keepDimensions
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...2)
    let data = try operands.require(0)
    if operands[1] != nil {
      let sizes = try operands.require(1, element: [.int64, .int32])
      if let rank = sizes.type.rank, rank > 1 {
        throw .rank(operand: "sizes", found: rank, expected: "0 or 1")
      }
    }
    guard var extents = data.type.extents else {
      return [Fact(.sequence(ValueType(data.element, .unranked)))]
    }
    let axis = try normalize(axis: self.axis, rank: extents.count)
    if operands[1] != nil {
      extents[axis] = .unknown
    } else if keepDimensions {
      extents[axis] = 1
    } else {
      extents.remove(at: axis)
    }
    return [Fact(.sequence(ValueType(data.element, .ranked(extents))))]
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    let data = try operands.tensor(0)
    let axis = try normalized(self.axis, rank: data.rank)
    let listed = operands.count > 1 && operands[1] != nil ? try operands.tensor(1) : nil
    let sizes = try Self.sizes(listed, extent: data.shape[axis])
    let strides = rowMajorStrides(data.shape)
    var start = 0
    var parts: [HostValue] = []
    for size in sizes {
      var shape = data.shape
      shape[axis] = size
      var part = try data.view(shape, strides: strides, start: start &* strides[axis])
      if listed == nil, !keepDimensions {
        shape.remove(at: axis)
        do { part = try part.reshaped(shape) } catch { throw .tensor(error) }
      }
      parts.append(.tensor(part))
      start += size
    }
    guard case .sequence(let element)? = results.first else {
      throw .type(.resultCount(expected: 1, found: results.count))
    }
    return [.sequence(parts, of: element)]
  }

  private static func sizes(
    _ listed: HostTensor?, extent: Int
  ) throws(EvaluationError) -> [Int] {
    guard let listed else { return Array(repeating: 1, count: extent) }
    let numbers = try listed.decodedIntegers()
    if listed.rank == 0, let size = numbers.first {
      guard size > 0 else { throw .value("a part of size \(size)") }
      return stride(from: 0, to: extent, by: size).map { min(size, extent - $0) }
    }
    var sum = 0
    for size in numbers {
      guard size >= 0, size <= extent - sum else {
        throw .value("sizes \(numbers) do not add up to \(extent)")
      }
      sum += size
    }
    guard sum == extent else { throw .value("sizes \(numbers) do not add up to \(extent)") }
    return numbers
  }
}
