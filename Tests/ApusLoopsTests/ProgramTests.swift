import ApusLoops
import ApusTensor
import Testing

@Suite struct ProgramTests {
  @Test func lanesFollow() throws {
    let program = try Program(
      operands: [.float16, .uint8, .bool],
      instructions: [
        .operand(0), .operand(1), .operand(2), .convert(.real, 1), .binary(.less, 0, 3),
        .binary(.and, 4, 2), .select(5, 0, 3), .narrow(.float16, 6),
      ],
      outputs: [.init(value: 7, element: .float16), .init(value: 1, element: .int32)])
    #expect(
      try program.lanes()
        == [.real, .integer, .boolean, .real, .boolean, .boolean, .real, .real])
  }

  @Test(arguments: [
    [Program.Instruction.unary(.relu, 0)],
    [.operand(1)],
    [.operand(-1)],
    [.operand(0), .unary(.exp, 1)],
    [.operand(0), .unary(.exp, -1)],
    [.operand(0), .unary(.not, 0)],
    [.operand(0), .integer(1), .binary(.add, 0, 1)],
    [.boolean(true), .boolean(true), .binary(.add, 0, 1)],
    [.integer(1), .binary(.power, 0, 0)],
    [.integer(1), .unary(.sqrt, 0)],
    [.operand(0), .select(0, 0, 0)],
    [.operand(0), .narrow(.int8, 0)],
  ])
  func illFormed(instructions: [Program.Instruction]) {
    #expect(throws: ProgramError.self) {
      try Program(operands: [.float32], instructions: instructions, outputs: [])
    }
  }

  @Test func outputsAreChecked() {
    #expect(throws: ProgramError.undefinedValue(instruction: 1, source: 1)) {
      try Program(
        operands: [.float32], instructions: [.operand(0)],
        outputs: [.init(value: 1, element: .float32)])
    }
    #expect(throws: ProgramError.self) {
      try Program(
        operands: [.float32], instructions: [.operand(0)],
        outputs: [.init(value: 0, element: .int64)])
    }
    // Elements without a lane can be neither read nor written.
    #expect(throws: ProgramError.self) {
      try Program(operands: [.uint64], instructions: [.operand(0)], outputs: [])
    }
  }

  @Test func textRoundTrips() throws {
    let program = try Program(
      operands: [.float32, .int64, .bool],
      instructions: [
        .operand(0), .operand(1), .operand(2), .real(-0.1), .real(.infinity), .integer(.min),
        .boolean(false), .unary(.geluTanh, 0), .binary(.maximum, 7, 3), .convert(.real, 1),
        .select(2, 8, 9), .narrow(.bfloat16, 10), .binary(.xor, 2, 6), .binary(.add, 1, 5),
      ],
      outputs: [
        .init(value: 11, element: .bfloat16), .init(value: 12, element: .bool),
        .init(value: 13, element: .int8),
      ])
    #expect(try Program(text: program.description) == program)
    #expect(try Program(text: Program.empty.description) == .empty)
  }

  @Test func everyFunctionHasAText() throws {
    for function in UnaryFunction.allCases {
      let element: ElementType = function == .not ? .bool : .float32
      let program = try Program(
        operands: [element], instructions: [.operand(0), .unary(function, 0)],
        outputs: [.init(value: 1, element: element)])
      #expect(try Program(text: program.description) == program)
    }
    for function in BinaryFunction.allCases {
      let element: ElementType = [.and, .or, .xor].contains(function) ? .bool : .float32
      let program = try Program(
        operands: [element], instructions: [.operand(0), .binary(function, 0, 0)],
        outputs: [.init(value: 1, element: function.isComparison ? .bool : element)])
      #expect(try Program(text: program.description) == program)
    }
  }

  @Test(arguments: [
    "", "(f32)", "(f32) {", "(f33) { } -> ", "(f32) { operand } -> 0:f32",
    "(f32) { operand 0; fly 0 } -> 1:f32", "(f32) { operand 0 } -> 0",
    "(f32) { operand 0 } -> x:f32",
    "(f32) { real x } -> 0:f32", "(f32) { operand 0; convert float 0 } -> 1:f32",
    "(f32) { operand 99999999999999999999 } -> 0:f32",
  ])
  func malformedTexts(text: String) {
    #expect(throws: ProgramError.self) { try Program(text: text) }
  }
}
