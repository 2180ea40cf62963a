package import ApusLoops
package import ApusTensor

/// An operator whose result elements are sums of products before an epilogue applies, so that any
/// element can be computed alone, directly from the operands.
package protocol Contraction: Operator {
  /// Applied to the sums; its operand 0 is the sum.
  var epilogue: Program? { get }
  /// The position of the first operand that the epilogue reads.
  var epilogueOperand: Int { get }

  /// The products of one sum at these operand shapes; 0 where they make none.
  func products(_ shapes: [[Int]]) -> Int

  /// The sums of real operands at coordinates of a result of `shape`, in double.
  func sums(
    _ operands: [HostTensor?], at coordinates: [[Int]], of shape: [Int]
  ) throws(EvaluationError) -> [ProductSum]
}

/// One sum of products, and what its rounding errors scale with.
package struct ProductSum: Sendable, Hashable {
  /// Σ aᵢbᵢ.
  package var value = 0.0
  /// Σ |aᵢbᵢ|.
  package var magnitude = 0.0

  package init() {}

  @inline(__always) mutating func add(_ term: Double) {
    value += term
    magnitude += term.magnitude
  }
}

/// A result element as the operands define it, with how far a kernel's may stray.
package struct ExpectedElement: Sendable, Hashable {
  package let coordinates: [Int]
  package let value: Double
  package let tolerance: Double

  /// Whether a kernel's value is right. Where the definition itself overflows anything is.
  package func admits(_ found: Double) -> Bool {
    !value.isFinite || (found - value).magnitude <= tolerance
  }
}

/// When a result of reduced precision is right: |Δ| ≤ rtol · |ref| + c · ε · Σ |aᵢbᵢ|.
package struct NumericalContract: Sendable {
  /// rtol.
  package var relative: Double
  /// c · ε of the accumulator.
  package var accumulation: Double

  /// The contract of kernels that give `element` and accumulate in single precision; double
  /// accumulates in itself.
  package init(_ element: ElementType) {
    switch element {
    case .float64: (relative, accumulation) = (1e-9, 16 * 0x1p-52)
    case .float16: (relative, accumulation) = (4e-3, 16 * 0x1p-23)
    case .bfloat16: (relative, accumulation) = (3e-2, 16 * 0x1p-23)
    default: (relative, accumulation) = (1e-3, 16 * 0x1p-23)
    }
  }
}

extension Contraction {
  /// The elements of a real result at coordinates, the epilogue applied.
  ///
  /// The sum's tolerance passes through the epilogue by evaluating it at both ends; what the
  /// epilogue itself rounds scales with the values that it reads.
  package func expected(
    _ operands: [HostTensor?], at coordinates: [[Int]], of type: TensorType
  ) throws(EvaluationError) -> [ExpectedElement] {
    guard let shape = type.fixedShape else {
      throw .unsupported("a contraction without a known shape")
    }
    let element = try operands.tensor(0).element
    let contract = NumericalContract(type.element)
    let sums = try sums(operands, at: coordinates, of: shape)
    let bounds = sums.map { contract.accumulation * $0.magnitude }
    guard let epilogue else {
      return zip(coordinates, zip(sums, bounds)).map { coordinates, sum in
        ExpectedElement(
          coordinates: coordinates, value: sum.0.value,
          tolerance: contract.relative * sum.0.value.magnitude + sum.1)
      }
    }
    var rest: [HostTensor] = []
    var scales = sums.map { $0.value.magnitude }
    for operand in operands.dropFirst(epilogueOperand).compactMap({ $0 }) {
      let (picked, magnitudes) = try Self.pick(operand, at: coordinates, of: shape)
      rest.append(picked)
      for index in scales.indices { scales[index] += magnitudes[index] }
    }
    func apply(_ shift: Double) throws(EvaluationError) -> [Double] {
      let values = sums.indices.map { sums[$0].value + shift * bounds[$0] }
      let tensor = try HostTensor.make(element, [values.count], .real(values))
      return try ProgramEvaluation.run(epilogue, [tensor] + rest)[0].decodedReals()
    }
    let (low, middle, high) = (try apply(-1), try apply(0), try apply(1))
    return coordinates.indices.map { index in
      let value = middle[index]
      let spread = max((low[index] - value).magnitude, (high[index] - value).magnitude)
      return ExpectedElement(
        coordinates: coordinates[index], value: value,
        tolerance: contract.relative * value.magnitude + contract.accumulation * scales[index]
          + (spread.isFinite ? spread : 0))
    }
  }

  /// A broadcast operand's elements at coordinates of the result, and their magnitudes.
  private static func pick(
    _ operand: HostTensor, at coordinates: [[Int]], of shape: [Int]
  ) throws(EvaluationError) -> (HostTensor, [Double]) {
    let own = rowMajorStrides(operand.shape)
    let lead = shape.count - operand.rank
    guard lead >= 0 else { throw .unsupported("an epilogue operand of higher rank") }
    let offsets = coordinates.map { coordinate in
      operand.shape.indices.reduce(0) { sum, axis in
        sum + (operand.shape[axis] == 1 ? 0 : coordinate[lead + axis] * own[axis])
      }
    }
    let elements: Elements
    let magnitudes: [Double]
    switch try operand.decoded() {
    case .real(let values):
      elements = .real(offsets.map { values[$0] })
      magnitudes = offsets.map { values[$0].isFinite ? values[$0].magnitude : 0 }
    case .signed(let values):
      elements = .signed(offsets.map { values[$0] })
      magnitudes = offsets.map { Double(values[$0]).magnitude }
    case .unsigned(let values):
      elements = .unsigned(offsets.map { values[$0] })
      magnitudes = offsets.map { Double(values[$0]) }
    case .boolean(let values):
      elements = .boolean(offsets.map { values[$0] })
      magnitudes = offsets.map { _ in 0 }
    case .text, .complex: throw .unsupported("an epilogue of \(operand.element.name)")
    }
    return (try .make(operand.element, [offsets.count], elements), magnitudes)
  }
}
