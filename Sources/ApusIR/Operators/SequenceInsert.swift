package import ApusTensor

/// A sequence with a value more, before a position or at the end.
///
/// Operands: `sequence`, `value`, optionally `position` (one int32 or int64, counted from either
/// end). Source: ONNX SequenceInsert-11.
package struct SequenceInsert: ValueOperator {
  package static let name = "sequence_insert"
  package static let operandNames = ["sequence", "value", "position"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...3)
    let element = try operands.requireSequence(0)
    let value = try operands.requireValue(1).valueType
    if operands[2] != nil { _ = try operands.require(2, element: [.int64, .int32]) }
    guard let joined = element.joined(with: value) else {
      throw .mismatch(what: "the values of a sequence", element, value)
    }
    return [Fact(.sequence(joined))]
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    var (values, element) = try operands.sequence(0)
    let value = try operands.value(1)
    element = element.joined(with: value.type) ?? element
    let position =
      try operands.optionalPosition(2, count: values.count, end: true) ?? values.count
    values.insert(value, at: position)
    return [.sequence(values, of: element)]
  }
}

extension [HostValue?] {
  /// A position in a sequence, counted from either end; `end` admits the place behind the last.
  func optionalPosition(
    _ index: Int, count: Int, end: Bool = false
  ) throws(EvaluationError) -> Int? {
    guard index < self.count, self[index] != nil else { return nil }
    guard let position = try tensor(index).decodedIntegers().first else {
      throw .value("the position is empty")
    }
    if end, position == count { return position }
    return try wrapped(position, limit: count, operand: "position")
  }
}
