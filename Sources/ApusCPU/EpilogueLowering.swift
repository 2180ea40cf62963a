internal import ApusEngine
internal import ApusLoops
internal import ApusTensor
internal import CApusCPU

/// Turns a contraction's epilogue program into what its kernel applies to hot tiles: the built-in
/// bias, residual and activation where they suffice, else the program.
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
    if let builtIn = builtIn(rows: rows) { return builtIn }
    guard let code = LoweredProgram(program) else { return nil }
    var operands = [ProgramOperand(slot: result, element: .float32, strides: strides[0])]
    for (index, slot) in slots.enumerated() {
      operands.append(
        ProgramOperand(
          slot: slot, element: program.operands[index + 1], strides: strides[index + 1]))
    }
    let results = [ProgramOperand(slot: result, element: .float32, strides: strides[0])]
    guard let lowered = block.program(code, operands: operands, results: results) else {
      return nil
    }
    var epilogue = apus_epilogue()
    epilogue.program = block.store(lowered)
    return epilogue
  }

  /// Recognises result (+ operand)* followed by at most one clamp.
  private func builtIn(rows: Int) -> apus_epilogue? {
    var epilogue = apus_epilogue()
    guard var value = program.outputs.first?.value else { return nil }
    if case .unary(.relu, let source) = program.instructions[value] {
      epilogue.activation = UInt32(APUS_ACTIVATION_RELU.rawValue)
      value = source
    }
    while true {
      switch program.instructions[value] {
      case .operand(0): return epilogue
      case .binary(.add, let a, let b):
        if let operand = addend(b), apply(operand, rows: rows, &epilogue) {
          value = a
        } else if let operand = addend(a), apply(operand, rows: rows, &epilogue) {
          value = b
        } else {
          return nil
        }
      default: return nil
      }
    }
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
