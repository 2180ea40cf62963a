import ApusIR
import ApusTensor
import Testing

/// Short forms for tests of arithmetic operators.
enum NumberProbe {
  static func real(
    _ values: [Double], _ shape: [Int], _ element: ElementType = .float32
  ) throws -> HostTensor {
    try HostTensor(element, shape: shape, .real(values))
  }

  static func whole(_ values: [Int], _ shape: [Int]) throws -> HostTensor {
    try HostTensor(.int64, shape: shape, .signed(values.map(Int64.init)))
  }

  static func flags(_ values: [Bool], _ shape: [Int]) throws -> HostTensor {
    try HostTensor(.bool, shape: shape, .boolean(values))
  }

  /// Infers with the operands' values known, then evaluates.
  static func run(_ operation: any Operator, _ operands: [HostTensor?]) throws -> [HostTensor] {
    let facts = try infer(operation, operands.map { $0.map { Fact(constant: $0) } })
    return try operation.evaluate(operands, facts.map(\.type))
  }

  static func reals(_ operation: any Operator, _ operands: [HostTensor?]) throws -> [Double] {
    try run(operation, operands)[0].reals()
  }

  static func type(_ operation: any Operator, _ types: [TensorType?]) throws -> TensorType {
    try infer(operation, types.map { $0.map { Fact($0) } })[0].type
  }

  /// Whether numbers agree to single precision.
  static func close(_ found: [Double], _ expected: [Double], _ tolerance: Double = 1e-5) -> Bool {
    found.count == expected.count
      && zip(found, expected).allSatisfy {
        $0 == $1 || $0.isNaN && $1.isNaN || ($0 - $1).magnitude <= tolerance * max(1, $1.magnitude)
      }
  }

  /// Checks that a contraction's elements, each computed alone, are those of its evaluation.
  static func expectElementsAlone(
    _ contraction: any Contraction, _ operands: [HostTensor]
  ) throws {
    let whole = try run(contraction, operands)[0]
    let values = try whole.reals()
    var coordinates: [[Int]] = [[]]
    for extent in whole.shape {
      coordinates = coordinates.flatMap { prefix in (0..<extent).map { prefix + [$0] } }
    }
    let alone = try contraction.expected(operands, at: coordinates, of: whole.type)
    #expect(alone.map(\.coordinates) == coordinates)
    #expect(alone.map(\.value) == values)
    #expect(alone.allSatisfy { $0.tolerance >= 0 && $0.admits($0.value) })
    #expect(alone.allSatisfy { !$0.admits($0.value + 0.1 + $0.value.magnitude / 100) })
    #expect(alone.allSatisfy { !$0.admits(.nan) })
  }
}
