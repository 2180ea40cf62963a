internal import CApusPlatform
package import ApusTensor

/// Draws category numbers by unnormalised log-probabilities, with replacement.
///
/// Operand `logits` (real, [batch, categories]); the result is [batch, count] of int32 or int64. Random
/// words are those of `random_numbers`. Source: ONNX Multinomial-22.
package struct SampleCategories: Operator {
  package static let name = "sample_categories"
  package static let operandNames = ["logits"]
  package static var fields: [Field<Self>] {
    [Field("count", \.count), Field("element", \.element), Field("seed", \.seed)]
  }

  package var count = 1
  package var element = ElementType.int32
  package var seed: Int?

  package init() {}
  package init(count: Int, element: ElementType, seed: Int?) {
    self.count = count
    self.element = element
    self.seed = seed
  }

  package var isDeterministic: Bool { seed != nil }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    _ = try operands.require(0, arithmetic: [.real])
    let logits = try operands.require(0, rank: 2)
    guard element == .int32 || element == .int64 else {
      throw .invalid(field: "element", reason: "\(element.name) is neither i32 nor i64")
    }
    guard count >= 0 else { throw .invalid(field: "count", reason: "\(count) is negative") }
    return [Fact(element, [logits.type.extents?[0] ?? .unknown, .fixed(count)])]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let logits = try operands.tensor(0)
    let shape = try results.fixedShape(0)
    do { _ = try HostTensor.byteCount(.float64, shape) } catch { throw .tensor(error) }
    guard logits.rank == 2, shape.count == 2, logits.shape[0] == shape[0] else {
      throw .type(.rank(operand: "logits", found: logits.rank, expected: "2"))
    }
    let categories = logits.shape[1]
    guard categories > 0 || Array.product(shape) == 0 else {
      throw .unsupported("a sample of no categories")
    }
    if Array.product(shape) == 0 { return [try .make(element, shape, .signed([]))] }
    let values = try logits.decodedReals()
    let generator = Philox(seed: seed)
    var samples: [Int64] = []
    for row in 0..<shape[0] {
      let own = values[(row * categories)..<((row + 1) * categories)]
      let largest = own.reduce(-Double.infinity) { max($0, $1) }
      var bounds: [Double] = []
      for value in own { bounds.append((bounds.last ?? 0) + apus_exp(value - largest)) }
      for column in 0..<shape[1] {
        let point = generator.unit(row * shape[1] + column) * (bounds.last ?? 0)
        samples.append(Int64(bounds.firstIndex { point < $0 } ?? categories - 1))
      }
    }
    return [try .make(element, shape, .signed(samples))]
  }
}
