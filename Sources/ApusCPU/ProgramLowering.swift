internal import ApusEngine
internal import ApusLoops
internal import ApusTensor
internal import CApusCPU

/// A fused program in the form that the tile executor reads.
struct LoweredProgram {
  var instructions: [apus_instruction] = []
  var constants: [apus_constant] = []
  var registerCount = 0

  /// Registers are reused after a value's last reader. Nil where 64 registers do not suffice.
  init?(_ program: Program) {
    guard let lanes = try? program.lanes() else { return nil }
    var lastUse = [Int](repeating: -1, count: program.instructions.count)
    for (index, instruction) in program.instructions.enumerated() {
      for source in instruction.sources { lastUse[source] = index }
    }
    for output in program.outputs { lastUse[output.value] = program.instructions.count }
    var registers = [UInt16](repeating: 0, count: program.instructions.count)
    var free: [UInt16] = []
    func lane(_ value: Int) -> Program.Lane { lanes[value] }
    for (index, instruction) in program.instructions.enumerated() {
      let sources = instruction.sources.map { registers[$0] }
      // The target register differs from the sources': kernels may read after the first write.
      let target: UInt16
      if let reused = free.popLast() {
        target = reused
      } else {
        guard registerCount < Int(APUS_MAX_REGISTERS) else { return nil }
        target = UInt16(registerCount)
        registerCount += 1
      }
      registers[index] = target
      guard
        let code = encode(instruction, program, lanes, target: target, sources: sources)
      else { return nil }
      instructions += code
      for source in Set(instruction.sources) where lastUse[source] == index {
        free.append(registers[source])
      }
      if lastUse[index] < 0 { free.append(target) }
    }
    for (index, output) in program.outputs.enumerated() {
      let operation =
        switch lane(output.value) {
        case .real: APUS_OP_STORE_F
        case .integer: APUS_OP_STORE_I
        case .boolean: APUS_OP_STORE_B
        }
      instructions.append(
        Self.make(operation, 0, a: UInt16(index), b: registers[output.value]))
    }
  }

  private static func make(
    _ operation: apus_opcode, _ target: UInt16, a: UInt16 = 0, b: UInt16 = 0, c: UInt16 = 0
  ) -> apus_instruction {
    apus_instruction(op: UInt16(operation.rawValue), dst: target, a: a, b: b, c: c)
  }

  private mutating func constant(_ value: apus_constant) -> UInt16 {
    constants.append(value)
    return UInt16(constants.count - 1)
  }

  private mutating func encode(
    _ instruction: Program.Instruction, _ program: Program, _ lanes: [Program.Lane],
    target: UInt16, sources: [UInt16]
  ) -> [apus_instruction]? {
    let sourceLane = instruction.sources.first.map { lanes[$0] }
    switch instruction {
    case .operand(let index):
      guard let lane = Program.Lane(for: program.operands[index]) else { return nil }
      let operation = Self.select(lane, APUS_OP_LOAD_F, APUS_OP_LOAD_I, APUS_OP_LOAD_B)
      return [Self.make(operation, target, a: UInt16(index))]
    case .real(let value):
      return [Self.make(APUS_OP_CONST_F, target, a: constant(apus_constant(real: value)))]
    case .integer(let value):
      return [Self.make(APUS_OP_CONST_I, target, a: constant(apus_constant(integer: value)))]
    case .boolean(let value):
      let index = constant(apus_constant(integer: value ? 1 : 0))
      return [Self.make(APUS_OP_CONST_B, target, a: index)]
    case .unary(let function, _):
      guard let lane = sourceLane, let operation = Self.opcode(function, lane) else { return nil }
      return [Self.make(operation, target, a: sources[0])]
    case .binary(let function, _, _):
      guard let lane = sourceLane, let operation = Self.opcode(function, lane) else { return nil }
      return [Self.make(operation, target, a: sources[0], b: sources[1])]
    case .select:
      let lane = lanes[instruction.sources[1]]
      let operation = Self.select(lane, APUS_OP_SELECT_F, APUS_OP_SELECT_I, APUS_OP_SELECT_B)
      return [Self.make(operation, target, a: sources[0], b: sources[1], c: sources[2])]
    case .convert(let lane, _):
      guard let from = sourceLane else { return nil }
      let operation: apus_opcode
      switch (from, lane) {
      case (.integer, .real): operation = APUS_OP_I_TO_F
      case (.real, .integer): operation = APUS_OP_F_TO_I
      case (.boolean, .real): operation = APUS_OP_B_TO_F
      case (.boolean, .integer): operation = APUS_OP_B_TO_I
      case (.real, .boolean): operation = APUS_OP_F_TO_B
      case (.integer, .boolean): operation = APUS_OP_I_TO_B
      case (.real, .real):
        let index = constant(apus_constant(real: 1))
        return [
          Self.make(APUS_OP_CONST_F, target, a: index),
          Self.make(APUS_OP_MUL_F, target, a: sources[0], b: target),
        ]
      case (.integer, .integer), (.boolean, .boolean): return nil
      }
      return [Self.make(operation, target, a: sources[0])]
    case .narrow: return nil
    }
  }

  private static func select(
    _ lane: Program.Lane, _ real: apus_opcode, _ integer: apus_opcode, _ boolean: apus_opcode
  ) -> apus_opcode {
    switch lane {
    case .real: real
    case .integer: integer
    case .boolean: boolean
    }
  }

  private static func opcode(_ function: UnaryFunction, _ lane: Program.Lane) -> apus_opcode? {
    switch (function, lane) {
    case (.not, .boolean): APUS_OP_NOT_B
    case (.negate, .integer): APUS_OP_NEG_I
    case (.absolute, .integer): APUS_OP_ABS_I
    case (.sign, .integer): APUS_OP_SIGN_I
    case (_, .integer), (_, .boolean): nil
    case (.negate, .real): APUS_OP_NEG_F
    case (.absolute, .real): APUS_OP_ABS_F
    case (.sqrt, .real): APUS_OP_SQRT_F
    case (.reciprocal, .real): APUS_OP_RECIPROCAL_F
    case (.exp, .real): APUS_OP_EXP_F
    case (.log, .real): APUS_OP_LOG_F
    case (.sin, .real): APUS_OP_SIN_F
    case (.cos, .real): APUS_OP_COS_F
    case (.tanh, .real): APUS_OP_TANH_F
    case (.erf, .real): APUS_OP_ERF_F
    case (.sigmoid, .real): APUS_OP_SIGMOID_F
    case (.relu, .real): APUS_OP_RELU_F
    case (.floor, .real): APUS_OP_FLOOR_F
    case (.ceil, .real): APUS_OP_CEIL_F
    case (.round, .real): APUS_OP_ROUND_F
    case (.sign, .real): APUS_OP_SIGN_F
    case (.gelu, .real): APUS_OP_GELU_F
    case (.geluTanh, .real): APUS_OP_GELU_TANH_F
    case (.not, .real): nil
    }
  }

  private static func opcode(_ function: BinaryFunction, _ lane: Program.Lane) -> apus_opcode? {
    switch (function, lane) {
    case (.add, .real): APUS_OP_ADD_F
    case (.subtract, .real): APUS_OP_SUB_F
    case (.multiply, .real): APUS_OP_MUL_F
    case (.divide, .real): APUS_OP_DIV_F
    case (.minimum, .real): APUS_OP_MIN_F
    case (.maximum, .real): APUS_OP_MAX_F
    case (.power, .real): APUS_OP_POW_F
    case (.remainder, .real): APUS_OP_FMOD_F
    case (.equal, .real): APUS_OP_EQ_F
    case (.less, .real): APUS_OP_LT_F
    case (.lessOrEqual, .real): APUS_OP_LE_F
    case (.add, .integer): APUS_OP_ADD_I
    case (.subtract, .integer): APUS_OP_SUB_I
    case (.multiply, .integer): APUS_OP_MUL_I
    case (.divide, .integer): APUS_OP_DIV_I
    case (.minimum, .integer): APUS_OP_MIN_I
    case (.maximum, .integer): APUS_OP_MAX_I
    case (.equal, .integer): APUS_OP_EQ_I
    case (.less, .integer): APUS_OP_LT_I
    case (.lessOrEqual, .integer): APUS_OP_LE_I
    case (.and, .boolean): APUS_OP_AND_B
    case (.or, .boolean): APUS_OP_OR_B
    case (.xor, .boolean): APUS_OP_XOR_B
    case (.equal, .boolean): APUS_OP_EQ_B
    default: nil
    }
  }
}

/// One buffer of a program: slot, element type and strides over the iteration space.
struct ProgramOperand {
  var slot: UInt32
  var element: ElementType
  var strides: [Int]

  var lowered: apus_operand? {
    guard let element = element.kernelElement else { return nil }
    var operand = apus_operand()
    operand.slot = slot
    operand.element = UInt32(element.rawValue)
    fill(&operand.stride, strides)
    return operand
  }
}

extension ElementType {
  /// The element in kernels' terms; nil where kernels do not know it.
  var kernelElement: apus_element? {
    switch self {
    case .float32: APUS_F32
    case .float64: APUS_F64
    case .float16: APUS_F16
    case .bfloat16: APUS_BF16
    case .int8: APUS_I8
    case .int16: APUS_I16
    case .int32: APUS_I32
    case .int64: APUS_I64
    case .uint8: APUS_U8
    case .uint16: APUS_U16
    case .uint32: APUS_U32
    case .uint64: APUS_U64
    case .bool: APUS_BOOL
    default: nil
    }
  }
}

extension ArgumentBlock {
  /// Stores a program with its buffers; nil where an element type has no kernel form.
  func program(
    _ code: LoweredProgram, operands: [ProgramOperand], results: [ProgramOperand]
  ) -> apus_program? {
    let loweredOperands = operands.compactMap(\.lowered)
    let loweredResults = results.compactMap(\.lowered)
    guard loweredOperands.count == operands.count, loweredResults.count == results.count else {
      return nil
    }
    var program = unsafe apus_program()
    unsafe program.instructions = array(code.instructions)
    unsafe program.constants = array(code.constants)
    unsafe program.operands = array(loweredOperands)
    unsafe program.results = array(loweredResults)
    unsafe program.instruction_count = UInt32(code.instructions.count)
    unsafe program.constant_count = UInt32(code.constants.count)
    unsafe program.operand_count = UInt32(operands.count)
    unsafe program.result_count = UInt32(results.count)
    unsafe program.register_count = UInt32(code.registerCount)
    return unsafe program
  }
}
