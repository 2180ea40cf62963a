package import ApusLoops
package import ApusTensor

/// The naive interpreter of fused programs: the definition that kernels are checked against.
package enum ProgramEvaluation {
  private enum Column {
    case real([Double])
    case integer([Int64])
    case boolean([Bool])
  }

  /// Evaluates over the space that the operands broadcast to; results take its shape.
  package static func run(
    _ program: Program, _ operands: [HostTensor]
  ) throws(EvaluationError) -> [HostTensor] {
    guard operands.count == program.operands.count else {
      throw .type(
        .operandCount(
          expected: program.operands.count...program.operands.count, found: operands.count))
    }
    let space = try BroadcastSpace(operands.map(\.shape))
    var columns: [Column] = []
    for instruction in program.instructions {
      columns.append(rounded(try evaluate(instruction, columns, operands, space)))
    }
    var results: [HostTensor] = []
    for output in program.outputs {
      let elements: Elements =
        switch columns[output.value] {
        case .real(let values): .real(values)
        case .integer(let values): .signed(values)
        case .boolean(let values): .boolean(values)
        }
      results.append(try .make(output.element, space.shape, elements))
    }
    return results
  }

  private static func evaluate(
    _ instruction: Program.Instruction, _ columns: [Column], _ operands: [HostTensor],
    _ space: BroadcastSpace
  ) throws(EvaluationError) -> Column {
    let count = space.count
    switch instruction {
    case .operand(let index): return try load(operands[index], index, space)
    case .real(let value): return .real(Array(repeating: value, count: count))
    case .integer(let value): return .integer(Array(repeating: value, count: count))
    case .boolean(let value): return .boolean(Array(repeating: value, count: count))
    case .unary(let function, let a):
      switch columns[a] {
      case .real(let values): return .real(values.map { Unary.apply(function, $0) })
      case .integer(let values):
        return .integer(
          values.map { value in
            switch function {
            case .negate: 0 &- value
            case .absolute: value < 0 ? 0 &- value : value
            default: value.signum()
            }
          })
      case .boolean(let values): return .boolean(values.map { !$0 })
      }
    case .binary(let function, let a, let b):
      switch (columns[a], columns[b]) {
      case (.real(let x), .real(let y)):
        if function.isComparison {
          return .boolean(zip(x, y).map { Binary.compare(function, $0, $1) })
        }
        return .real(zip(x, y).map { Binary.apply(function, $0, $1) })
      case (.integer(let x), .integer(let y)):
        if function.isComparison {
          return .boolean(zip(x, y).map { Binary.compare(function, $0, $1) })
        }
        if function == .divide, y.contains(0) { throw .divisionByZero }
        return .integer(zip(x, y).map { Binary.apply(function, $0, $1) })
      case (.boolean(let x), .boolean(let y)):
        return .boolean(
          zip(x, y).map { a, b in
            switch function {
            case .and: a && b
            case .or: a || b
            case .xor: a != b
            default: a == b
            }
          })
      default: throw .unsupported("a program mixes lanes")
      }
    case .select(let condition, let a, let b):
      guard case .boolean(let flags) = columns[condition] else {
        throw .unsupported("a program selects by a number")
      }
      switch (columns[a], columns[b]) {
      case (.real(let x), .real(let y)): return .real(choose(flags, x, y))
      case (.integer(let x), .integer(let y)): return .integer(choose(flags, x, y))
      case (.boolean(let x), .boolean(let y)): return .boolean(choose(flags, x, y))
      default: throw .unsupported("a program mixes lanes")
      }
    case .convert(let lane, let a): return convert(columns[a], to: lane)
    case .narrow(let element, let a): return try narrow(columns[a], element, space.shape)
    }
  }

  /// A real lane holds single precision: every instruction rounds, as the unfused operators do.
  private static func rounded(_ column: Column) -> Column {
    guard case .real(let values) = column else { return column }
    return .real(values.map { Double(Float($0)) })
  }

  private static func choose<T>(_ flags: [Bool], _ x: [T], _ y: [T]) -> [T] {
    flags.indices.map { flags[$0] ? x[$0] : y[$0] }
  }

  private static func load(
    _ tensor: HostTensor, _ index: Int, _ space: BroadcastSpace
  ) throws(EvaluationError) -> Column {
    func gather<T>(_ values: [T]) -> [T] {
      tensor.shape == space.shape ? values : space.offsets(index).map { values[$0] }
    }
    switch Program.Lane(for: tensor.element) {
    case .real: return .real(gather(try tensor.decodedReals()))
    case .integer: return .integer(gather(try tensor.decodedIntegers().map(Int64.init)))
    case .boolean: return .boolean(gather(try tensor.decodedBooleans()))
    case nil: throw .unsupported("a program of \(tensor.element.name)")
    }
  }

  private static func convert(_ column: Column, to lane: Program.Lane) -> Column {
    switch (column, lane) {
    case (.real(let values), .integer): .integer(values.map(saturatingInteger))
    case (.real(let values), .boolean): .boolean(values.map { $0 != 0 })
    case (.integer(let values), .real): .real(values.map { Double($0) })
    case (.integer(let values), .boolean): .boolean(values.map { $0 != 0 })
    case (.boolean(let values), .real): .real(values.map { $0 ? 1 : 0 })
    case (.boolean(let values), .integer): .integer(values.map { $0 ? 1 : 0 })
    default: column
    }
  }

  private static func narrow(
    _ column: Column, _ element: ElementType, _ shape: [Int]
  ) throws(EvaluationError) -> Column {
    switch column {
    case .real(let values):
      return .real(try HostTensor.make(element, shape, .real(values)).decodedReals())
    case .integer(let values):
      let tensor = try HostTensor.make(element, shape, .signed(values))
      return .integer(try tensor.decodedIntegers().map(Int64.init))
    case .boolean: return column
    }
  }
}
