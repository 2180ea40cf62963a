package import ApusTensor

/// An operator whose results' sizes show only while it evaluates: neither types nor known contents
/// tell them. It asks the context before it makes them.
package protocol MeasuredOperator: Operator {
  func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostTensor]
}

extension MeasuredOperator {
  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    try evaluate(operands, results, EvaluationContext())
  }
}
