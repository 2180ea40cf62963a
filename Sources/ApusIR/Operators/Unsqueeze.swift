package import ApusTensor

/// Inserts dimensions of extent 1.
///
/// Operands `data` and `axes` (1-D integers): positions in the result, counted from either end.
/// Source: ONNX Unsqueeze-13.
package struct Unsqueeze: ViewOperator {
  package static let name = "unsqueeze"
  package static let operandNames = ["data", "axes"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let data = try operands.require(0)
    guard let axes = try operands.numbers(1), let extents = data.type.extents else {
      let added = operands[1]?.type.elementCount
      let rank = data.type.rank.flatMap { own in added.map { own.addingReportingOverflow($0) } }
      return [.unknown(data.element, rank: rank.flatMap { $0.overflow ? nil : $0.partialValue })]
    }
    let rank = extents.count + axes.count
    let inserted = Set(try normalize(axes: axes, rank: rank))
    var rest = extents.makeIterator()
    var result: [Extent] = []
    for axis in 0..<rank {
      result.append(inserted.contains(axis) ? .one : rest.next() ?? .one)
    }
    return [Fact(TensorType(data.element, result), contents: data.contents)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    [try operands.tensor(0).viewed(as: results[0])]
  }
}
