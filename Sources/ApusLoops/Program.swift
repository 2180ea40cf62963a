package import ApusTensor

/// A fused element-wise computation: straight-line code in static single assignment form, applied
/// at every coordinate of an iteration space. Operands broadcast; that is the caller's concern.
///
/// The instruction with index `i` defines value `i`. Lanes are float, 64-bit integer or truth value;
/// narrower element types convert when they are read and written.
package struct Program: Hashable, Sendable {
  /// What a register holds.
  package enum Lane: String, Sendable, Hashable {
    case real, integer, boolean
  }

  package enum Instruction: Hashable, Sendable {
    case operand(Int)
    case real(Double)
    case integer(Int64)
    case boolean(Bool)
    case unary(UnaryFunction, Int)
    case binary(BinaryFunction, Int, Int)
    /// condition, value if true, value if false
    case select(Int, Int, Int)
    case convert(Lane, Int)
    /// Rounds a real, or wraps an integer, to a narrower element type.
    case narrow(ElementType, Int)

    /// Indices of the values read.
    package var sources: [Int] {
      switch self {
      case .operand, .real, .integer, .boolean: []
      case .unary(_, let a), .convert(_, let a), .narrow(_, let a): [a]
      case .binary(_, let a, let b): [a, b]
      case .select(let a, let b, let c): [a, b, c]
      }
    }

    func mappingSources(_ map: (Int) -> Int) -> Instruction {
      switch self {
      case .operand, .real, .integer, .boolean: self
      case .unary(let function, let a): .unary(function, map(a))
      case .convert(let lane, let a): .convert(lane, map(a))
      case .narrow(let element, let a): .narrow(element, map(a))
      case .binary(let function, let a, let b): .binary(function, map(a), map(b))
      case .select(let a, let b, let c): .select(map(a), map(b), map(c))
      }
    }
  }

  /// A value that the program writes out.
  package struct Output: Hashable, Sendable {
    package var value: Int
    package var element: ElementType

    package init(value: Int, element: ElementType) {
      self.value = value
      self.element = element
    }
  }

  /// Element types of the operands.
  package let operands: [ElementType]
  package let instructions: [Instruction]
  package let outputs: [Output]

  /// No operands, no results.
  package static let empty = Program()

  private init() {
    operands = []
    instructions = []
    outputs = []
  }

  /// Checks that every value is defined before it is read and that lanes agree.
  package init(
    operands: [ElementType], instructions: [Instruction], outputs: [Output]
  ) throws(ProgramError) {
    self.operands = operands
    self.instructions = instructions
    self.outputs = outputs
    _ = try lanes()
  }

  /// The lane of every instruction's value.
  package func lanes() throws(ProgramError) -> [Lane] {
    var lanes: [Lane] = []
    lanes.reserveCapacity(instructions.count)
    for (index, instruction) in instructions.enumerated() {
      for source in instruction.sources where source < 0 || source >= index {
        throw .undefinedValue(instruction: index, source: source)
      }
      let sources = instruction.sources.map { lanes[$0] }
      guard let lane = lane(of: instruction, sources) else {
        throw .laneMismatch(instruction: index, lanes: sources)
      }
      lanes.append(lane)
    }
    for output in outputs {
      guard lanes.indices.contains(output.value) else {
        throw .undefinedValue(instruction: instructions.count, source: output.value)
      }
      guard Lane(for: output.element) == lanes[output.value] else {
        throw .laneMismatch(instruction: instructions.count, lanes: [lanes[output.value]])
      }
    }
    return lanes
  }

  private func lane(of instruction: Instruction, _ sources: [Lane]) -> Lane? {
    switch instruction {
    case .operand(let index):
      return operands.indices.contains(index) ? Lane(for: operands[index]) : nil
    case .real: return .real
    case .integer: return .integer
    case .boolean: return .boolean
    case .unary(.not, _): return sources[0] == .boolean ? .boolean : nil
    case .unary(let function, _):
      switch sources[0] {
      case .real: return .real
      case .integer: return [.negate, .absolute, .sign].contains(function) ? .integer : nil
      case .boolean: return nil
      }
    case .binary(let function, _, _):
      guard sources[0] == sources[1] else { return nil }
      switch (function, sources[0]) {
      case (.equal, _): return .boolean
      case (.less, .real), (.lessOrEqual, .real), (.less, .integer), (.lessOrEqual, .integer):
        return .boolean
      case (.and, .boolean), (.or, .boolean), (.xor, .boolean): return .boolean
      case (.add, let lane), (.subtract, let lane), (.multiply, let lane), (.divide, let lane),
        (.minimum, let lane), (.maximum, let lane):
        return lane == .boolean ? nil : lane
      case (.power, .real), (.remainder, .real): return .real
      default: return nil
      }
    case .select:
      return sources[0] == .boolean && sources[1] == sources[2] ? sources[1] : nil
    case .convert(let lane, _): return lane
    case .narrow(let element, _):
      return Lane(for: element) == sources[0] ? sources[0] : nil
    }
  }
}

extension Program.Lane {
  /// The lane that holds elements of a type, or nil where none does without loss.
  package init?(for element: ElementType) {
    switch element {
    case .float32, .float16, .bfloat16: self = .real
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32: self = .integer
    case .bool: self = .boolean
    default: return nil
    }
  }
}

/// What makes a program ill-formed.
package enum ProgramError: Error, Hashable, Sendable {
  case undefinedValue(instruction: Int, source: Int)
  case laneMismatch(instruction: Int, lanes: [Program.Lane])
  case syntax(String)
}

extension ProgramError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .undefinedValue(let instruction, let source):
      "program instruction \(instruction) reads undefined value \(source)"
    case .laneMismatch(let instruction, let lanes):
      "program instruction \(instruction) cannot take lanes \(lanes.map(\.rawValue))"
    case .syntax(let reason): "program text: \(reason)"
    }
  }
}
