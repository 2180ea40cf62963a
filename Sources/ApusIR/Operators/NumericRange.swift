package import ApusTensor

/// Counts: yᵢ = start + i · delta for i from 0 while yᵢ stays before limit.
///
/// Operands `start`, `limit`, `delta`: scalars of one numeric type, which the result has.
/// Source: ONNX Range-11.
package struct NumericRange: Operator {
  package static let name = "range"
  package static let operandNames = ["start", "limit", "delta"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...3)
    let start = try operands.require(0, arithmetic: [.real, .signed, .unsigned])
    for index in 0..<3 {
      let fact = try operands.require(index, sameElementAs: 0)
      guard let extents = fact.type.extents else { continue }
      guard extents.count <= 1, extents.first?.fixed ?? 1 == 1 else {
        throw .rank(operand: operands.name(index), found: extents.count, expected: "0")
      }
    }
    let limit = try operands.require(1)
    let delta = try operands.require(2)
    if start.element.isFloatingPoint {
      guard let first = Self.real(start), let last = Self.real(limit), let step = Self.real(delta)
      else { return [.unknown(start.element, rank: 1)] }
      return [Fact(TensorType(start.element, [.fixed(try Self.count(first, last, step))]))]
    }
    guard let first = start.contents?.first, let last = limit.contents?.first,
      let step = delta.contents?.first?.fixed
    else { return [.unknown(start.element, rank: 1)] }
    guard step != 0 else { throw .invalid(field: "delta", reason: "the step is 0") }
    let length = (last - first).ceilingDivided(by: .fixed(step)).clampedToZero
    let type = TensorType(start.element, [length])
    guard let count = length.fixed, count <= Fact.contentLimit else { return [Fact(type)] }
    let contents = (0..<count).map { first + .fixed($0) * .fixed(step) }
    return [Fact(type, contents: contents.contains(where: \.isOverflow) ? nil : contents)]
  }

  private static func real(_ fact: Fact) -> Double? { (try? fact.constant?.reals())?.first }

  private static func count(
    _ start: Double, _ limit: Double, _ delta: Double
  ) throws(TypeError) -> Int {
    guard delta != 0 else { throw .invalid(field: "delta", reason: "the step is 0") }
    let steps = ((limit - start) / delta).rounded(.up)
    guard steps.isFinite, steps < 9e15 else {
      throw .invalid(field: "limit", reason: "\(start) to \(limit) by \(delta) does not end")
    }
    return max(0, Int(steps))
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let shape = try results.fixedShape(0)
    let start = try operands.tensor(0)
    let delta = try operands.tensor(2)
    guard start.count == 1, delta.count == 1, shape.count == 1 else {
      throw .type(.invalid(field: "start", reason: "bounds are not scalars"))
    }
    let count = shape[0]
    switch (try start.decoded(), try delta.decoded()) {
    case (.real(let first), .real(let step)):
      return [
        try .make(
          start.element, shape, .real((0..<count).map { first[0] + Double($0) * step[0] }))
      ]
    case (.signed(let first), .signed(let step)):
      return [
        try .make(
          start.element, shape, .signed((0..<count).map { first[0] &+ Int64($0) &* step[0] }))
      ]
    case (.unsigned(let first), .unsigned(let step)):
      return [
        try .make(
          start.element, shape, .unsigned((0..<count).map { first[0] &+ UInt64($0) &* step[0] }))
      ]
    default:
      throw .unsupported("a range of \(start.element.name)")
    }
  }
}
