internal import CApusPlatform
package import ApusTensor

/// How a reduction combines elements.
package enum ReduceKind: String, FieldKind {
  case sum, mean, maximum, minimum, product, l1, l2, logSum, logSumExp, sumSquare
}

/// Combines the elements along some axes.
///
/// Operands `data` (numbers; bool for maximum and minimum) and optional `axes` (int64): without axes,
/// all, or none where `emptyAxesMeansNone`. Of nothing a sum is 0, a product 1, a maximum the lowest
/// value. Source: ONNX ReduceSum-13, ReduceMax-20 and their family.
package struct Reduce: Operator {
  package static let name = "reduce"
  package static let operandNames = ["data", "axes"]
  package static var fields: [Field<Self>] {
    [
      Field("kind", \.kind), Field("keepDimensions", \.keepDimensions),
      Field("emptyAxesMeansNone", \.emptyAxesMeansNone),
    ]
  }

  package var kind = ReduceKind.sum
  package var keepDimensions = true
  package var emptyAxesMeansNone = false

  package init() {}
  package init(_ kind: ReduceKind, keepDimensions: Bool = true, emptyAxesMeansNone: Bool = false) {
    self.kind = kind
    self.keepDimensions = keepDimensions
    self.emptyAxesMeansNone = emptyAxesMeansNone
  }

  /// The reduced axes of a rank, sorted; nil where they are not known yet.
  package func axes(_ operand: Fact?, rank: Int) throws(TypeError) -> [Int]? {
    guard let operand else { return try reducedAxes([], rank: rank) }
    guard let numbers = operand.integers else { return nil }
    return try reducedAxes(numbers, rank: rank)
  }

  private func reducedAxes(_ listed: [Int], rank: Int) throws(TypeError) -> [Int] {
    if listed.isEmpty { return emptyAxesMeansNone ? [] : Array(0..<rank) }
    return try normalize(axes: listed, rank: rank).sorted()
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...2)
    let allowed: [ElementType.Arithmetic] =
      kind == .maximum || kind == .minimum
      ? [.real, .signed, .unsigned, .boolean] : [.real, .signed, .unsigned]
    let data = try operands.require(0, arithmetic: allowed)
    if operands[1] != nil {
      _ = try operands.require(1, element: [.int64])
      _ = try operands.require(1, rank: 1)
    }
    guard let extents = data.type.extents, let axes = try axes(operands[1], rank: extents.count)
    else { return [.unknown(data.element, rank: keepDimensions ? data.type.rank : nil)] }
    var result: [Extent] = []
    for (index, extent) in extents.enumerated() {
      if !axes.contains(index) { result.append(extent) } else if keepDimensions { result.append(1) }
    }
    let type = TensorType(data.element, .ranked(result))
    return [Fact(type, contents: axes == [0] ? contents(data).map { [$0] } : nil)]
  }

  /// A whole vector of known polynomials, such as a shape's product.
  private func contents(_ data: Fact) -> Extent? {
    guard data.element == .int64, data.type.rank == 1, let values = data.contents else {
      return nil
    }
    let result: Extent
    switch kind {
    case .sum: result = values.reduce(.zero, +)
    case .product: result = values.reduce(.one, *)
    case .maximum where !values.isEmpty:
      result = values.dropFirst().reduce(values[0], Extent.maximum)
    case .minimum where !values.isEmpty:
      result = values.dropFirst().reduce(values[0], Extent.minimum)
    default: return nil
    }
    return result.isOverflow ? nil : result
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let listed = try operands.optional(1)?.decodedIntegers() ?? []
    let axes: [Int]
    do { axes = try reducedAxes(listed, rank: data.rank) } catch { throw .type(error) }
    let kept = data.shape.indices.filter { !axes.contains($0) }
    let strides = rowMajorStrides(data.shape)
    let shape = data.shape.indices.compactMap { index -> Int? in
      axes.contains(index) ? (keepDimensions ? 1 : nil) : data.shape[index]
    }
    _ = try allocatable(shape)
    let elements = try data.decoded()
    let outer = Array(
      Offsets(shape: kept.map { data.shape[$0] }, strides: kept.map { strides[$0] }))
    let inner =
      outer.isEmpty
      ? []
      : Array(
        Offsets(shape: axes.map { data.shape[$0] }, strides: axes.map { strides[$0] }))
    switch elements {
    case .real(let x):
      let values = outer.map { start in reduceReals(inner.lazy.map { x[start + $0] }) }
      return [try .make(data.element, shape, .real(values))]
    case .signed(let x):
      let values = outer.map { start in
        reduceIntegers(inner.lazy.map { x[start + $0] }, data.element)
      }
      return [try .make(data.element, shape, .signed(values))]
    case .unsigned(let x):
      let values = outer.map { start in
        reduceIntegers(inner.lazy.map { x[start + $0] }, data.element)
      }
      return [try .make(data.element, shape, .unsigned(values))]
    case .boolean(let x):
      let values = outer.map { start in
        kind == .maximum
          ? inner.contains { x[start + $0] } : inner.allSatisfy { x[start + $0] }
      }
      return [try .make(.bool, shape, .boolean(values))]
    case .text, .complex: throw .unsupported("reduction of \(data.element.name)")
    }
  }

  private func reduceReals(_ x: some Sequence<Double>) -> Double {
    switch kind {
    case .sum: x.reduce(0, +)
    case .mean:
      {
        let (sum, count) = x.reduce((0.0, 0)) { ($0.0 + $1, $0.1 + 1) }
        return sum / Double(count)
      }()
    case .maximum: x.reduce(-.infinity) { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }
    case .minimum: x.reduce(.infinity) { $0.isNaN || $1.isNaN ? .nan : min($0, $1) }
    case .product: x.reduce(1, *)
    case .l1: x.reduce(0) { $0 + $1.magnitude }
    case .l2: x.reduce(0) { $0 + $1 * $1 }.squareRoot()
    case .sumSquare: x.reduce(0) { $0 + $1 * $1 }
    case .logSum: apus_log(x.reduce(0, +))
    case .logSumExp:
      {
        let largest = x.reduce(-Double.infinity) { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }
        guard largest.isFinite else { return largest }
        return largest + apus_log(x.reduce(0) { $0 + apus_exp($1 - largest) })
      }()
    }
  }

  private func reduceIntegers<Number: FixedWidthInteger>(
    _ x: some Sequence<Number>, _ element: ElementType
  ) -> Number {
    let unused = Number.bitWidth - element.bitWidth
    switch kind {
    case .sum: return x.reduce(0, &+)
    case .mean:
      let (sum, count) = x.reduce((Number(0), Number(0))) { ($0.0 &+ $1, $0.1 + 1) }
      return count == 0 ? 0 : sum / count
    case .maximum: return x.reduce(Number.min >> unused) { max($0, $1) }
    case .minimum: return x.reduce(Number.max >> unused) { min($0, $1) }
    case .product: return x.reduce(1, &*)
    case .l1: return x.reduce(0) { $0 &+ ($1 < 0 ? 0 &- $1 : $1) }
    case .sumSquare: return x.reduce(0) { $0 &+ $1 &* $1 }
    case .l2: return Self.truncating(x.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
    case .logSum: return Self.truncating(apus_log(x.reduce(0.0) { $0 + Double($1) }))
    case .logSumExp: return Self.truncating(apus_log(x.reduce(0.0) { $0 + apus_exp(Double($1)) }))
    }
  }

  private static func truncating<Number: FixedWidthInteger>(_ value: Double) -> Number {
    Number.isSigned
      ? Number(truncatingIfNeeded: saturatingInteger(value))
      : Number(truncatingIfNeeded: saturatingUnsigned(value))
  }
}
