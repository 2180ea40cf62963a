package import ApusTensor

/// Permutes dimensions: dimension i of the result is dimension `permutation[i]` of the operand.
///
/// Operand `data`: anything. Source: ONNX Transpose-13.
package struct Transpose: Operator {
  package static let name = "transpose"
  package static let operandNames = ["data"]
  package static var fields: [Field<Self>] { [Field("permutation", \.permutation)] }

  /// Empty reverses the dimensions.
  package var permutation: [Int] = []

  package init() {}
  package init(_ permutation: [Int]) { self.permutation = permutation }

  /// The permutation of a rank, checked.
  package func permutation(rank: Int) throws(TypeError) -> [Int] {
    if permutation.isEmpty { return (0..<rank).reversed() }
    guard permutation.count == rank, Set(permutation) == Set(0..<rank) else {
      throw .invalid(
        field: "permutation", reason: "\(permutation) does not permute \(rank) dimensions")
    }
    return permutation
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let data = try operands.require(0)
    guard let extents = data.type.extents else { return [.unknown(data.element)] }
    let order = try permutation(rank: extents.count)
    var contents: [Extent]?
    if let shape = data.type.fixedShape {
      let strides = rowMajorStrides(shape)
      contents = data.contents(
        viewedAs: order.map { shape[$0] }, strides: order.map { strides[$0] })
    }
    return [Fact(TensorType(data.element, order.map { extents[$0] }), contents: contents)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let order: [Int]
    do { order = try permutation(rank: data.rank) } catch { throw .type(error) }
    let strides = rowMajorStrides(data.shape)
    return [try data.view(order.map { data.shape[$0] }, strides: order.map { strides[$0] })]
  }
}
