package import ApusTensor

/// Joins the dimensions before an axis into one and those from it on into another.
///
/// Operand `data`: anything; the result has rank 2. Source: ONNX Flatten-13.
package struct Flatten: ViewOperator {
  package static let name = "flatten"
  package static let operandNames = ["data"]
  package static var fields: [Field<Self>] { [Field("axis", \.axis)] }

  /// −rank … rank, counted from either end; the rank itself joins all dimensions into the first.
  package var axis = 1

  package init() {}
  package init(axis: Int) { self.axis = axis }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let data = try operands.require(0)
    guard let extents = data.type.extents else { return [.unknown(data.element)] }
    guard axis >= -extents.count, axis <= extents.count else {
      throw .axis(axis, rank: extents.count)
    }
    let split = axis < 0 ? axis + extents.count : axis
    let outer = extents[..<split].reduce(.one, *)
    let inner = extents[split...].reduce(.one, *)
    return [Fact(TensorType(data.element, [outer, inner]), contents: data.contents)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    [try operands.tensor(0).viewed(as: results[0])]
  }
}
