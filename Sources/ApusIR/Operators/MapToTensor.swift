package import ApusTensor

/// Turns a map with integer keys into a tensor [1, n], in the order of the keys.
///
/// Operand `map`: from int64 to scalars. The values are cast to `element`. With a `width` they are
/// placed by their keys, and the rest is zero or empty; keys outside of it are an error.
/// Source: ONNX-ML CastMap-1.
package struct MapToTensor: ValueOperator {
  package static let name = "map_to_tensor"
  package static let operandNames = ["map"]
  package static var fields: [Field<Self>] {
    [Field("element", \.element), Field("width", \.width)]
  }

  package var element = ElementType.float32
  package var width: Int?

  package init() {}
  package init(element: ElementType, width: Int?) {
    self.element = element
    self.width = width
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let (key, _) = try operands.requireMap(0)
    guard key == .int64 else {
      throw .element(operand: "map", found: key, allowed: [.int64])
    }
    if let width, width < 0 { throw .invalid(field: "width", reason: "\(width) is negative") }
    return [Fact(element, [1, width.map(Extent.fixed) ?? .unknown])]
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    let (keys, cells, _) = try operands.map(0)
    let numbers = try keys.decodedIntegers()
    let order = numbers.indices.sorted { numbers[$0] < numbers[$1] }
    let count = width ?? numbers.count
    var result = try TensorAssembler(element, [1, count])
    let empty: HostTensor
    do { empty = try HostTensor(zeros: element, shape: [1]) } catch { throw .tensor(error) }
    if width != nil {
      let source = try MovementSource(empty)
      for index in 0..<count { try result.copyRun(1, from: source, at: 0, to: index) }
    }
    for (place, index) in order.enumerated() {
      let target = width == nil ? place : numbers[index]
      guard target >= 0, target < count else {
        throw .indexOutOfRange(operand: "map", index: target, limit: count)
      }
      let cast = try Cast(to: element).evaluate(
        [cells[index]], [TensorType(element, fixed: cells[index].shape)])
      guard let cell = cast.first else { throw .type(.resultCount(expected: 1, found: 0)) }
      try result.copyRun(1, from: MovementSource(cell), at: 0, to: target)
    }
    return [.tensor(try result.finish())]
  }
}
