package import ApusTensor

/// Keeps the slices along an axis, or the elements, whose condition holds.
///
/// Operands `data`, `condition` (1-D bool, which may be shorter than the axis: the rest is left out).
/// Without `axis` the data is flattened. Source: ONNX Compress-28.
package struct Compress: Operator {
  package static let name = "compress"
  package static let operandNames = ["data", "condition"]
  package static var fields: [Field<Self>] { [Field("axis", \.axis)] }

  /// Counted from either end.
  package var axis: Int?

  package init() {}
  package init(axis: Int?) { self.axis = axis }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let data = try operands.require(0)
    let condition = try operands.require(1, element: [.bool])
    _ = try operands.require(1, rank: 1)
    let count = (try? condition.constant?.booleans()).map { Extent.fixed($0.filter { $0 }.count) }
    guard let axis else { return [Fact(data.element, [count ?? .unknown])] }
    guard var extents = data.type.extents else { return [.unknown(data.element)] }
    extents[try normalize(axis: axis, rank: extents.count)] = count ?? .unknown
    return [Fact(data.element, extents)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    var data = try operands.tensor(0)
    let condition = try operands.tensor(1).decodedBooleans()
    if axis == nil {
      do { data = try data.reshaped([data.count]) } catch { throw .tensor(error) }
    }
    let axis = try normalized(self.axis ?? 0, rank: data.rank)
    let kept = condition.indices.filter { condition[$0] }
    if let last = kept.last, last >= data.shape[axis] {
      throw .indexOutOfRange(operand: "condition", index: last, limit: data.shape[axis])
    }
    var shape = data.shape
    shape[axis] = kept.count
    let strides = rowMajorStrides(data.shape)
    let offsets = Coordinates(shape).map { coordinates in
      zip(coordinates, strides).enumerated().reduce(0) { sum, next in
        sum + (next.offset == axis ? kept[next.element.0] : next.element.0) * next.element.1
      }
    }
    return [try data.picking(offsets, shape: shape)]
  }
}
