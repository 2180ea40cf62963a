package import ApusLoops
package import ApusTensor

/// A fused element-wise program over operands that broadcast together; one result per output.
///
/// Made by fusion; its meaning is the program's.
package struct Elementwise: Operator {
  package static let name = "elementwise"
  package static let operandNames = ["operand"]
  package static var fields: [Field<Self>] { [Field("program", \.program)] }

  package var program: Program

  package init() { program = .empty }
  package init(_ program: Program) { self.program = program }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    let shape = try program.resultShape(operands, from: 0)
    return program.outputs.map { Fact(TensorType($0.element, shape)) }
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    try ProgramEvaluation.run(program, operands.compactMap { $0 })
  }
}

extension Program {
  /// Checks operands `first...` of a node against the program's operands and broadcasts their shapes.
  func resultShape(_ operands: Operands, from first: Int) throws(TypeError) -> Shape {
    let count = first + self.operands.count
    try operands.expect(count...count)
    var shape = Shape.ranked([])
    for (index, element) in self.operands.enumerated() {
      let fact = try operands.require(first + index, element: [element])
      shape = try broadcast(shape, fact.shape)
    }
    return shape
  }

  /// Checks an epilogue: operand 0 is the contraction's result, the rest are node operands that
  /// broadcast to it without enlarging it.
  func checkEpilogue(
    result: TensorType, _ operands: Operands, from first: Int
  ) throws(TypeError) -> TensorType {
    guard self.operands.first == result.element, outputs.count == 1 else {
      throw .invalid(field: "epilogue", reason: "it must take \(result.element.name) to one result")
    }
    let count = first + self.operands.count - 1
    try operands.expect(count...count)
    for index in 1..<max(self.operands.count, 1) {
      let fact = try operands.require(first + index - 1, element: [self.operands[index]])
      let shape = try broadcast(result.shape, fact.shape)
      guard shape.rank == result.shape.rank else { throw .broadcast(result.shape, fact.shape) }
      if let a = shape.fixed, let b = result.shape.fixed, a != b {
        throw .broadcast(result.shape, fact.shape)
      }
    }
    return TensorType(outputs[0].element, result.shape)
  }
}
