package import ApusTensor

/// Puts values into a sequence.
///
/// Operands: any number of values of one kind. Without operands `element` says what the empty
/// sequence could hold. Source: ONNX SequenceConstruct-11, SequenceEmpty-11.
package struct SequenceMake: ValueOperator {
  package static let name = "sequence_make"
  package static let operandNames = ["value"]
  package static var fields: [Field<Self>] { [Field("element", \.element)] }

  /// The type of the elements where there is no operand.
  package var element: ValueType = .tensor(TensorType(.float32, .unranked))

  package init() {}
  package init(element: ValueType) { self.element = element }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    guard operands.count > 0 else { return [Fact(.sequence(element))] }
    var joined = try operands.requireValue(0).valueType
    for index in operands.facts.indices.dropFirst() {
      let next = try operands.requireValue(index).valueType
      guard let both = joined.joined(with: next) else {
        throw .mismatch(what: "the values of a sequence", joined, next)
      }
      joined = both
    }
    return [Fact(.sequence(joined))]
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    var values: [HostValue] = []
    for index in operands.indices { values.append(try operands.value(index)) }
    guard case .sequence(let element)? = results.first else {
      throw .type(.resultCount(expected: 1, found: results.count))
    }
    return [.sequence(values, of: element)]
  }
}
