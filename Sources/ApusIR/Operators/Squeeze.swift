package import ApusTensor

/// Removes dimensions of extent 1.
///
/// Operands `data` and optionally `axes` (1-D integers, counted from either end); without axes every
/// dimension of extent 1 goes. Source: ONNX Squeeze-13.
package struct Squeeze: ViewOperator {
  package static let name = "squeeze"
  package static let operandNames = ["data", "axes"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...2)
    let data = try operands.require(0)
    var listed: [Int]?
    if operands[1] != nil {
      guard let numbers = try operands.numbers(1) else { return [.unknown(data.element)] }
      listed = numbers
    }
    guard let extents = data.type.extents else { return [.unknown(data.element)] }
    let removed: Set<Int>
    if let listed {
      removed = Set(try normalize(axes: listed, rank: extents.count))
    } else {
      // Whether a symbolic dimension goes is only known once it is a number.
      guard extents.allSatisfy({ $0.fixed != nil || ($0 - 2).isNonNegative }) else {
        return [.unknown(data.element)]
      }
      removed = Set(extents.indices.filter { extents[$0] == .one })
    }
    for axis in removed.sorted() where extents[axis].fixed.map({ $0 != 1 }) == true {
      throw .extents(operand: "data", found: extents[axis], expected: 1)
    }
    let kept = extents.indices.filter { !removed.contains($0) }.map { extents[$0] }
    return [Fact(TensorType(data.element, kept), contents: data.contents)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    [try operands.tensor(0).viewed(as: results[0])]
  }
}
