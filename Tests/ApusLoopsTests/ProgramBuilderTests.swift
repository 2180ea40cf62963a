import ApusLoops
import ApusTensor
import Testing

@Suite struct ProgramBuilderTests {
  @Test func equalInstructionsExistOnce() throws {
    var builder = ProgramBuilder(operands: [.float32])
    let x = builder.operand(0)
    let first = builder.emit(.unary(.exp, x))
    #expect(builder.operand(0) == x)
    #expect(builder.emit(.unary(.exp, x)) == first)
    #expect(builder.emit(.real(0)) != builder.emit(.real(-0.0)))
  }

  @Test func finishDropsWhatNoOutputNeeds() throws {
    var builder = ProgramBuilder()
    let unused = builder.operand(builder.addOperand(.float32))
    let y = builder.operand(builder.addOperand(.float32))
    builder.emit(.unary(.exp, unused))
    let sum = builder.emit(.binary(.add, y, builder.emit(.real(1))))
    let program = try builder.finish(outputs: [.init(value: sum, element: .float32)])
    // Operands keep their positions; only instructions go.
    #expect(program.operands == [.float32, .float32])
    #expect(program.description == "(f32, f32) { operand 1; real 1.0; add 0 1 } -> 2:f32")
  }

  @Test func inliningReplacesOperands() throws {
    let inner = try Program(
      text: "(f32, f32) { operand 0; operand 1; subtract 0 1; relu 2 } -> 3:f32, 2:f32")
    var builder = ProgramBuilder(operands: [.float32, .float32])
    let (a, b) = (builder.operand(0), builder.operand(1))
    let results = builder.inline(inner, operands: [b, a])
    #expect(results.count == 2)
    let again = builder.inline(inner, operands: [b, a])
    #expect(again == results)
    let program = try builder.finish(outputs: [.init(value: results[0], element: .float32)])
    #expect(
      program.description == "(f32, f32) { operand 0; operand 1; subtract 1 0; relu 2 } -> 3:f32")
  }

  @Test func undefinedOutputsAreRefused() {
    let builder = ProgramBuilder(operands: [.float32])
    #expect(throws: ProgramError.self) {
      try builder.finish(outputs: [.init(value: 5, element: .float32)])
    }
  }
}
