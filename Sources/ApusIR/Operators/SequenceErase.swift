package import ApusTensor

/// A sequence without the value at a position, or without the last.
///
/// Operands: `sequence`, optionally `position` (one int32 or int64, counted from either end).
/// Source: ONNX SequenceErase-11.
package struct SequenceErase: ValueOperator {
  package static let name = "sequence_erase"
  package static let operandNames = ["sequence", "position"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...2)
    let element = try operands.requireSequence(0)
    if operands[1] != nil { _ = try operands.require(1, element: [.int64, .int32]) }
    return [Fact(.sequence(element))]
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    var (values, element) = try operands.sequence(0)
    guard !values.isEmpty else { throw .value("the sequence is empty") }
    let position =
      try operands.optionalPosition(1, count: values.count) ?? values.count - 1
    values.remove(at: position)
    return [.sequence(values, of: element)]
  }
}
