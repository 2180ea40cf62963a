package import ApusTensor

/// Gives the extents of dimensions `start` up to `end` of its operand as an int64 vector.
///
/// Operand `data`: anything. Source: ONNX Shape-15.
package struct ShapeOf: Operator {
  package static let name = "shape_of"
  package static let operandNames = ["data"]
  package static var fields: [Field<Self>] {
    [Field("start", \.start), Field("end", \.end)]
  }

  /// Both bounds count from either end and are clamped.
  package var start = 0
  package var end: Int?

  package init() {}
  package init(start: Int = 0, end: Int? = nil) {
    self.start = start
    self.end = end
  }

  private func bounds(rank: Int) -> Range<Int> {
    let cut = Slice.cut(rank, from: start, to: end ?? rank, step: 1)
    return cut.start..<(cut.start + cut.length)
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let data = try operands.require(0)
    guard let extents = data.type.extents else { return [.unknown(.int64)] }
    let listed = Array(extents[bounds(rank: extents.count)])
    return [Fact(TensorType(.int64, [.fixed(listed.count)]), contents: listed)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    do { return [try .vector(Array(data.shape[bounds(rank: data.rank)]))] } catch {
      throw .tensor(error)
    }
  }
}
