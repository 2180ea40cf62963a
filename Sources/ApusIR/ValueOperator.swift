package import ApusTensor

/// An operator over containers, or one that runs graphs of its own.
package protocol ValueOperator: Operator {
  /// The evaluation that defines the operator. `results` are the inferred types.
  func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue]
}

extension ValueOperator {
  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    var values: [HostValue?] = []
    for operand in operands { values.append(operand.map(HostValue.tensor)) }
    let evaluated = try evaluate(
      values: values, results.map(ValueType.tensor), EvaluationContext())
    var tensors: [HostTensor] = []
    for value in evaluated {
      guard let tensor = value.tensor else {
        throw .value("the result is a \(value.type), a tensor is needed")
      }
      tensors.append(tensor)
    }
    return tensors
  }
}

extension Operator {
  /// Evaluates any operator over values of any kind, within the limits of the context.
  package func evaluate(
    any operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    try context.count(elements: operands)
    let values = try evaluate(dispatching: operands, results, context)
    try context.check(texts: values)
    return values
  }

  private func evaluate(
    dispatching operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    if let operation = self as? any ValueOperator {
      return try operation.evaluate(values: operands, results, context)
    }
    var tensors: [HostTensor?] = []
    for (index, operand) in operands.enumerated() {
      guard let operand else {
        tensors.append(nil)
        continue
      }
      guard let tensor = operand.tensor else {
        throw .type(.container(operand: "operand \(index)", found: operand.type))
      }
      tensors.append(tensor)
    }
    let types = results.map(\.innermost)
    if let operation = self as? any MeasuredOperator {
      return try operation.evaluate(tensors, types, context).map(HostValue.tensor)
    }
    return try evaluate(tensors, types).map(HostValue.tensor)
  }
}

extension [HostValue?] {
  /// The operand at a position that must be there.
  package func value(_ index: Int) throws(EvaluationError) -> HostValue {
    guard index < count, let value = self[index] else {
      throw .type(.missingOperand("operand \(index)"))
    }
    return value
  }

  /// The tensor at a position that must be there.
  package func tensor(_ index: Int) throws(EvaluationError) -> HostTensor {
    let value = try value(index)
    guard let tensor = value.tensor else {
      throw .type(.container(operand: "operand \(index)", found: value.type))
    }
    return tensor
  }

  /// The elements and the element type of a sequence.
  package func sequence(
    _ index: Int
  ) throws(EvaluationError) -> (values: [HostValue], element: ValueType) {
    let value = try value(index)
    guard case .sequence(let values, let element) = value else {
      throw .type(
        .kind(operand: "operand \(index)", found: value.type, expected: "a sequence"))
    }
    return (values, element)
  }
}
