package import ApusTensor

/// Runs a body on every value of a sequence and collects what it gives.
///
/// Operands: `sequence`, `mapped` further operands, of which sequences are read in step and tensors
/// are handed over as they are, then captured inputs. Each output of the body becomes a sequence.
/// Source: ONNX SequenceMap-17.
package struct SequenceMap: ValueOperator {
  package static let name = "sequence_map"
  package static let operandNames = ["sequence", "operand"]
  package static var fields: [Field<Self>] {
    [Field("body", \.body), Field("mapped", \.mapped)]
  }

  package var body = Body()
  /// How many operands behind the first are read in step where they are sequences.
  package var mapped = 0

  package init() {}
  package init(body: Body, mapped: Int) {
    self.body = body
    self.mapped = mapped
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...Int.max)
    var inputs = [Fact(try operands.requireSequence(0))]
    for index in operands.facts.indices.dropFirst() {
      let fact = try operands.requireValue(index)
      if index <= mapped, case .sequence(let element) = fact.valueType {
        inputs.append(Fact(element))
      } else {
        inputs.append(fact)
      }
    }
    let outputs = try body.infer(inputs, name: "the mapped body", operands.inferenceBudget)
    return outputs.map { Fact(.sequence($0.valueType)) }
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    let sequence = try operands.sequence(0).values
    var others: [HostValue] = []
    for index in operands.indices.dropFirst() { others.append(try operands.value(index)) }
    var collected = Array(repeating: [HostValue](), count: results.count)
    let evaluator = context.evaluator(body)
    var held = 0
    for position in sequence.indices {
      try context.countPass(body)
      var inputs = [sequence[position]]
      for (index, other) in others.enumerated() {
        guard index < mapped, case .sequence(let values, _) = other else {
          inputs.append(other)
          continue
        }
        guard values.count == sequence.count else {
          throw .value("sequences of \(values.count) and \(sequence.count) values in step")
        }
        inputs.append(values[position])
      }
      for (index, value) in try context.holding(held).run(evaluator, inputs)
        .enumerated() where index < collected.count
      {
        held &+= value.byteCount(without: inputs)
        collected[index].append(value)
      }
    }
    var values: [HostValue] = []
    for (list, type) in zip(collected, results) {
      guard case .sequence(let element) = type else {
        throw .type(.resultCount(expected: results.count, found: values.count))
      }
      values.append(.sequence(list, of: element))
    }
    return values
  }
}
