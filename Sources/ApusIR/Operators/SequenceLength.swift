package import ApusTensor

/// The number of values in a sequence, an int64 scalar.
///
/// Operand: `sequence`. Source: ONNX SequenceLength-11.
package struct SequenceLength: ValueOperator {
  package static let name = "sequence_length"
  package static let operandNames = ["sequence"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    _ = try operands.requireSequence(0)
    return [Fact(.int64, [])]
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    let count = try operands.sequence(0).values.count
    return [.tensor(try .make(.int64, [], .signed([Int64(count)])))]
  }
}
