package import ApusTensor

/// The value at a position of a sequence.
///
/// Operands: `sequence`, `position` (one int32 or int64, counted from either end).
/// Source: ONNX SequenceAt-11.
package struct SequenceAt: ValueOperator {
  package static let name = "sequence_at"
  package static let operandNames = ["sequence", "position"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let element = try operands.requireSequence(0)
    _ = try operands.require(1, element: [.int64, .int32])
    return [Fact(element)]
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    let values = try operands.sequence(0).values
    guard let position = try operands.optionalPosition(1, count: values.count) else {
      throw .type(.missingOperand("position"))
    }
    return [values[position]]
  }
}
