package import ApusTensor

/// Joins the tensors of a sequence along an axis, which is a new one with `newAxis`.
///
/// Operand: `sequence`, not empty. Source: ONNX ConcatFromSequence-11.
package struct SequenceConcat: ValueOperator {
  package static let name = "sequence_concat"
  package static let operandNames = ["sequence"]
  package static var fields: [Field<Self>] {
    [Field("axis", \.axis), Field("newAxis", \.newAxis)]
  }

  /// Counted from either end of the result.
  package var axis = 0
  package var newAxis = false

  package init() {}
  package init(axis: Int, newAxis: Bool) {
    self.axis = axis
    self.newAxis = newAxis
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let element = try operands.requireSequence(0)
    guard case .tensor(let type) = element else {
      throw .kind(operand: "sequence", found: .sequence(element), expected: "a sequence of tensors")
    }
    guard var extents = type.extents else { return [.unknown(type.element)] }
    let rank = extents.count + (newAxis ? 1 : 0)
    let axis = try normalize(axis: self.axis, rank: rank)
    if newAxis { extents.insert(.unknown, at: axis) } else { extents[axis] = .unknown }
    return [Fact(type.element, extents)]
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    var tensors: [HostTensor?] = []
    for value in try operands.sequence(0).values {
      guard let tensor = value.tensor else { throw .value("the sequence holds a \(value.type)") }
      guard newAxis else {
        tensors.append(tensor)
        continue
      }
      var shape = tensor.shape
      shape.insert(1, at: try normalized(axis, rank: shape.count + 1))
      do { tensors.append(try tensor.reshaped(shape)) } catch { throw .tensor(error) }
    }
    guard !tensors.isEmpty else { throw .value("the sequence is empty") }
    let facts = tensors.map { $0.map { Fact($0.type) } }
    do { _ = try Concat(axis: axis).infer(Operands(facts, names: ["sequence"])) } catch {
      throw .type(error)
    }
    return try Concat(axis: axis).evaluate(tensors, []).map(HostValue.tensor)
  }
}
