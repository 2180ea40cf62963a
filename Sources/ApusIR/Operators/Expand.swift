package import ApusTensor

/// Broadcasts a tensor to a shape by NumPy's rules; an extent of 1 keeps the operand's.
///
/// Operands `data` and `shape` (1-D int64). Source: ONNX Expand-13.
package struct Expand: Operator {
  package static let name = "expand"
  package static let operandNames = ["data", "shape"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let data = try operands.require(0)
    guard let wanted = try operands.entries(1) else {
      let lengths = operands[1]?.type.fixedShape?.first
      let rank = data.type.rank.flatMap { own in lengths.map { max(own, $0) } }
      return [.unknown(data.element, rank: rank)]
    }
    for entry in wanted where entry.fixed.map({ $0 < 0 }) == true {
      throw .invalid(field: "shape", reason: "extent \(entry) is negative")
    }
    guard case .ranked(let extents) = try broadcast(data.shape, .ranked(wanted)) else {
      return [.unknown(data.element)]
    }
    let type = TensorType(data.element, extents)
    guard let shape = data.type.fixedShape, let result = type.fixedShape else {
      return [Fact(type)]
    }
    let contents = data.contents(viewedAs: result, strides: Self.strides(shape, to: result))
    return [Fact(type, contents: contents)]
  }

  /// Strides of an operand over the shape that it broadcasts to.
  private static func strides(_ shape: [Int], to result: [Int]) -> [Int] {
    let own = rowMajorStrides(shape)
    let lead = result.count - shape.count
    return result.indices.map { $0 < lead || shape[$0 - lead] == 1 ? 0 : own[$0 - lead] }
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let shape = try results.fixedShape(0)
    guard shape.count >= data.rank else {
      throw .type(.broadcast(data.type.shape, results[0].shape))
    }
    if data.count == 1, data.element != .string {
      do { return [try HostTensor(splat: data, shape: shape)] } catch { throw .tensor(error) }
    }
    return [try data.view(shape, strides: Self.strides(data.shape, to: shape))]
  }
}
