package import ApusTensor

/// Joins strings with broadcasting: zᵢ = xᵢ followed by yᵢ.
///
/// Operands `left`, `right`: strings. Source: ONNX StringConcat-20.
package struct StringConcat: MeasuredOperator {
  package static let name = "string_concat"
  package static let operandNames = ["left", "right"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let left = try operands.require(0, element: [.string])
    let right = try operands.require(1, element: [.string])
    return [Fact(TensorType(.string, try broadcast(left.shape, right.shape)))]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostTensor] {
    let left = try operands.tensor(0)
    let right = try operands.tensor(1)
    let space = try BroadcastSpace([left.shape, right.shape])
    let (a, b) = (try left.decodedTexts(), try right.decodedTexts())
    try context.require(Self.byteCount(a, b, space), of: 4)
    return [try space.map(a, b, as: .string, Elements.text) { $0 + $1 }]
  }

  /// Bytes of all joined texts; `Int.max` beyond it.
  private static func byteCount(_ a: [String], _ b: [String], _ space: BroadcastSpace) -> Int {
    let (lefts, rights) = (a.map(\.utf8.count), b.map(\.utf8.count))
    var left = space.offsets(0)
    var right = space.offsets(1)
    var total = 0
    while let i = left.next(), let j = right.next() {
      let (sum, overflow) = total.addingReportingOverflow(lefts[i] + rights[j])
      if overflow { return .max }
      total = sum
    }
    return total
  }
}
