internal import ApusEngine
internal import ApusLoops
internal import ApusTensor
internal import CApusCPU

/// Turns a contraction's epilogue program into what its kernel applies to hot tiles: built-in bias,
/// residual and activation for as much of the program as they can do, and the rest as a program.
struct EpilogueLowering {
  let program: Program
  /// Slot of the contraction's result.
  let result: UInt32
  /// Strides over the kernel's iteration space of the result, then of each further operand.
  let strides: [[Int]]
  /// Slots of the further operands.
  let slots: [UInt32]

  static func isSupported(_ program: Program) -> Bool {
    program.outputs.count == 1 && program.outputs[0].element == .float32
      && program.operands.first == .float32 && LoweredProgram(program) != nil
      && program.operands.allSatisfy { $0.kernelElement != nil && Program.Lane(for: $0) != nil }
  }

  /// `rows` is the position of the row dimension; columns follow it.
  func lower(rows: Int, into block: ArgumentBlock) -> apus_epilogue? {
    guard let output = program.outputs.first?.value else { return nil }
    let sums = sums(rows: rows)
    for value in program.instructions.indices.reversed() {
      guard var epilogue = builtIn(value, sums) else { continue }
      if value == output { return epilogue }
      guard let rest = program.rest(after: value), let code = LoweredProgram(rest.program) else {
        continue
      }
      let operands = rest.operands.map {
        ProgramOperand(
          slot: $0 == 0 ? result : slots[$0 - 1], element: program.operands[$0],
          strides: strides[$0])
      }
      guard let lowered = unsafe block.program(code, operands: operands, results: [operands[0]])
      else {
        return nil
      }
      unsafe epilogue.program = block.store(lowered)
      return epilogue
    }
    return nil
  }

  /// Values that are the contraction's result plus further operands, and how the kernel adds these.
  private func sums(rows: Int) -> [(value: Int, epilogue: apus_epilogue)] {
    var sums: [(value: Int, epilogue: apus_epilogue)] = []
    func sum(_ value: Int) -> apus_epilogue? { sums.last { $0.value == value }?.epilogue }
    for (value, instruction) in program.instructions.enumerated() {
      switch instruction {
      case .operand(0): sums.append((value, apus_epilogue()))
      case .binary(.add, let a, let b):
        for (inner, other) in [(a, b), (b, a)] {
          guard var epilogue = sum(inner), let operand = addend(other),
            apply(operand, rows: rows, &epilogue)
          else { continue }
          sums.append((value, epilogue))
          break
        }
      default: break
      }
    }
    return sums
  }

  /// The epilogue that computes a value without a program: a sum, or an activation of one.
  private func builtIn(
    _ value: Int, _ sums: [(value: Int, epilogue: apus_epilogue)]
  ) -> apus_epilogue? {
    for (sum, epilogue) in sums.reversed() {
      var epilogue = epilogue
      if sum == value { return epilogue }
      if let line = BoundedLine(value, of: sum, in: program), line.scale == 1, line.shift == 0 {
        let isReLU = line.lower == 0 && line.upper == .infinity
        epilogue.activation = UInt32(
          (isReLU ? APUS_ACTIVATION_RELU : APUS_ACTIVATION_CLAMP).rawValue)
        (epilogue.lower, epilogue.upper) = (Float(line.lower), Float(line.upper))
        return epilogue
      }
      if let gate = BoundedLine.gate(value, of: sum, in: program), gate.isBounded {
        epilogue.activation = UInt32(APUS_ACTIVATION_GATE.rawValue)
        (epilogue.lower, epilogue.upper) = (Float(gate.lower), Float(gate.upper))
        (epilogue.scale, epilogue.shift) = (Float(gate.scale), Float(gate.shift))
        return epilogue
      }
    }
    return nil
  }

  /// The further operand that a value loads.
  private func addend(_ value: Int) -> Int? {
    guard case .operand(let index) = program.instructions[value], index > 0,
      program.operands[index] == .float32
    else { return nil }
    return index
  }

  private func apply(_ operand: Int, rows: Int, _ epilogue: inout apus_epilogue) -> Bool {
    let mine = strides[operand]
    let slot = slots[operand - 1]
    if mine == strides[0], epilogue.residual.slot == 0 {
      epilogue.residual.slot = slot
      return true
    }
    let others = mine.indices.filter { mine[$0] != 0 }
    if others == [rows + 1], epilogue.column_bias.slot == 0 {
      epilogue.column_bias.slot = slot
      epilogue.column_bias_stride = Int64(mine[rows + 1])
      return true
    }
    if others == [rows], epilogue.row_bias.slot == 0 {
      epilogue.row_bias.slot = slot
      epilogue.row_bias_stride = Int64(mine[rows])
      return true
    }
    return false
  }
}
