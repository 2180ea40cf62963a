package import ApusTensor

/// Ones on a diagonal of a matrix, zeros elsewhere.
///
/// Operand `like`: a matrix that gives the shape. `diagonal` counts upwards from the main one.
/// Source: ONNX EyeLike-22.
package struct Eye: Operator {
  package static let name = "eye"
  package static let operandNames = ["like"]
  package static var fields: [Field<Self>] {
    [Field("element", \.element), Field("diagonal", \.diagonal)]
  }

  package var element = ElementType.float32
  package var diagonal = 0

  package init() {}
  package init(_ element: ElementType, diagonal: Int) {
    self.element = element
    self.diagonal = diagonal
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let like = try operands.require(0)
    _ = try operands.require(0, rank: 2)
    guard element != .string else {
      throw .element(operand: "result", found: .string, allowed: [.float32])
    }
    return [Fact(TensorType(element, like.shape))]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let shape = try results.fixedShape(0)
    guard shape.count == 2 else {
      throw .type(.rank(operand: "like", found: shape.count, expected: "2"))
    }
    let one: HostTensor
    do { one = try .scalar(1, as: element) } catch { throw .tensor(error) }
    let offsets = (0..<(Array.product(shape) ?? 0)).map { offset in
      offset % shape[1] - offset / shape[1] == diagonal ? 0 : -1
    }
    return [try one.picking(offsets, shape: shape)]
  }
}
