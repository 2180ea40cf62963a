internal import CApusPlatform
package import ApusLoops
package import ApusTensor

/// Applies a function of two arguments with broadcasting: zᵢ = f(xᵢ, yᵢ).
///
/// Operands `left`, `right`: equal element types; numbers for arithmetic and order, bool for logic,
/// anything for `equal`. Comparisons give bool, the rest the operands' type. Integer arithmetic
/// wraps, integer division truncates. Source: ONNX "Multidirectional Broadcasting".
package struct Binary: ElementwiseOperator {
  package static let name = "binary"
  package static let operandNames = ["left", "right"]
  package static var fields: [Field<Self>] { [Field("function", \.function)] }

  package var function: BinaryFunction = .add

  package init() {}
  package init(_ function: BinaryFunction) { self.function = function }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let allowed: [ElementType.Arithmetic] =
      switch function {
      case .and, .or, .xor: [.boolean]
      case .equal: [.real, .signed, .unsigned, .boolean, .text]
      default: [.real, .signed, .unsigned]
      }
    let left = try operands.require(0, arithmetic: allowed)
    let right = try operands.require(1, sameElementAs: 0)
    let shape = try broadcast(left.shape, right.shape)
    let type = TensorType(function.isComparison ? .bool : left.element, shape)
    return [Fact(type, contents: contents(left, right, type))]
  }

  /// Shape arithmetic on tracked contents; a scalar broadcasts against a vector.
  private func contents(_ left: Fact, _ right: Fact, _ type: TensorType) -> [Extent]? {
    guard left.element == .int64 || left.element == .int32, let a = left.contents,
      let b = right.contents, type.rank.map({ $0 <= 1 }) == true,
      a.count == b.count || a.count == 1 || b.count == 1
    else { return nil }
    let count = a.isEmpty || b.isEmpty ? 0 : max(a.count, b.count)
    var result: [Extent] = []
    for index in 0..<count {
      let x = a[a.count == 1 ? 0 : index]
      let y = b[b.count == 1 ? 0 : index]
      switch function {
      case .add: result.append(x + y)
      case .subtract: result.append(x - y)
      case .multiply: result.append(x * y)
      case .minimum: result.append(.minimum(x, y))
      case .maximum: result.append(.maximum(x, y))
      case .divide:
        // Truncation equals flooring for lengths, which are never negative.
        guard let divisor = y.fixed, divisor > 0, (x.fixed ?? 0) >= 0 else { return nil }
        result.append(x.floorDivided(by: y))
      default: return nil
      }
    }
    return result.contains(where: \.isOverflow) ? nil : result
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let left = try operands.tensor(0)
    let right = try operands.tensor(1)
    let space = try BroadcastSpace([left.shape, right.shape])
    let function = self.function
    let element: ElementType = function.isComparison ? .bool : left.element
    switch (try left.decoded(), try right.decoded()) {
    case (.real(let a), .real(let b)):
      if function.isComparison {
        return [
          try space.map(a, b, as: element, Elements.boolean) { Self.compare(function, $0, $1) }
        ]
      }
      return [try space.map(a, b, as: element, Elements.real) { Self.apply(function, $0, $1) }]
    case (.signed(let a), .signed(let b)):
      if function.isComparison {
        return [
          try space.map(a, b, as: element, Elements.boolean) { Self.compare(function, $0, $1) }
        ]
      }
      if function == .divide || function == .remainder, b.contains(0), space.count > 0 {
        throw .divisionByZero
      }
      return [try space.map(a, b, as: element, Elements.signed) { Self.apply(function, $0, $1) }]
    case (.unsigned(let a), .unsigned(let b)):
      if function.isComparison {
        return [
          try space.map(a, b, as: element, Elements.boolean) { Self.compare(function, $0, $1) }
        ]
      }
      if function == .divide || function == .remainder, b.contains(0), space.count > 0 {
        throw .divisionByZero
      }
      return [try space.map(a, b, as: element, Elements.unsigned) { Self.apply(function, $0, $1) }]
    case (.boolean(let a), .boolean(let b)):
      return [
        try space.map(a, b, as: .bool, Elements.boolean) { x, y in
          switch function {
          case .and: x && y
          case .or: x || y
          case .xor: x != y
          default: x == y
          }
        }
      ]
    case (.text(let a), .text(let b)):
      // Swift's equality would take canonically equivalent texts for equal.
      return [
        try space.map(a, b, as: .bool, Elements.boolean) { $0.utf8.elementsEqual($1.utf8) }
      ]
    default:
      throw .unsupported("\(function.rawValue) of \(left.element.name)")
    }
  }

  package func lower(
    into builder: inout ProgramBuilder, operands: [Int], elements: [ElementType],
    result: ElementType
  ) -> Int? {
    guard let lane = Program.Lane(for: elements[0]) else { return nil }
    switch (lane, function) {
    case (.integer, .power), (.integer, .remainder): return nil
    case (.boolean, .and), (.boolean, .or), (.boolean, .xor), (.boolean, .equal): break
    case (.boolean, _): return nil
    default: break
    }
    return builder.emit(.binary(function, operands[0], operands[1]))
  }

  /// The function in double precision.
  package static func apply(_ function: BinaryFunction, _ x: Double, _ y: Double) -> Double {
    switch function {
    case .add: x + y
    case .subtract: x - y
    case .multiply: x * y
    case .divide: x / y
    case .minimum: x.isNaN || y.isNaN ? .nan : min(x, y)
    case .maximum: x.isNaN || y.isNaN ? .nan : max(x, y)
    case .power: apus_pow(x, y)
    case .remainder: apus_fmod(x, y)
    case .and, .or, .xor, .equal, .less, .lessOrEqual: compare(function, x, y) ? 1 : 0
    }
  }

  /// Wrapping 64-bit arithmetic; the caller refuses zero divisors.
  package static func apply(_ function: BinaryFunction, _ x: Int64, _ y: Int64) -> Int64 {
    switch function {
    case .add: x &+ y
    case .subtract: x &- y
    case .multiply: x &* y
    case .divide: y == 0 ? 0 : x.dividedReportingOverflow(by: y).partialValue
    case .minimum: min(x, y)
    case .maximum: max(x, y)
    case .power: saturatingInteger(apus_pow(Double(x), Double(y)))
    case .remainder: y == 0 || y == -1 ? 0 : x % y
    case .and, .or, .xor, .equal, .less, .lessOrEqual: compare(function, x, y) ? 1 : 0
    }
  }

  static func apply(_ function: BinaryFunction, _ x: UInt64, _ y: UInt64) -> UInt64 {
    switch function {
    case .add: x &+ y
    case .subtract: x &- y
    case .multiply: x &* y
    case .divide: y == 0 ? 0 : x / y
    case .minimum: min(x, y)
    case .maximum: max(x, y)
    case .power: saturatingUnsigned(apus_pow(Double(x), Double(y)))
    case .remainder: y == 0 ? 0 : x % y
    case .and, .or, .xor, .equal, .less, .lessOrEqual: compare(function, x, y) ? 1 : 0
    }
  }

  package static func compare<T: Comparable>(_ function: BinaryFunction, _ x: T, _ y: T) -> Bool {
    switch function {
    case .equal: x == y
    case .less: x < y
    case .lessOrEqual: x <= y
    default: false
    }
  }
}
