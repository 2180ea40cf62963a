import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct ProgramEvaluationTests {
  typealias Probe = NumberProbe

  private func run(_ text: String, _ operands: [HostTensor]) throws -> [HostTensor] {
    try ProgramEvaluation.run(try Program(text: text), operands)
  }

  @Test func manyElementsBroadcastLikeTheOperators() throws {
    let x = try Probe.real((0..<(3 * 5000)).map { Double($0 % 97) - 40 }, [3, 5000])
    let column = try Probe.real([1, -2, 0.5], [3, 1])
    let found = try run(
      "(f32, f32) { operand 0; operand 1; multiply 0 1; relu 2 } -> 3:f32, 2:f32", [x, column])
    let product = try Probe.run(Binary(.multiply), [x, column])[0]
    #expect(try found[1].reals() == product.reals())
    #expect(try found[0].reals() == Probe.run(Unary(.relu), [product])[0].reals())
  }

  @Test func operandsMayBeReadTwiceAndNotAtAll() throws {
    let x = try Probe.real([1, 2, 3], [3])
    let found = try run(
      "(f32, f32) { operand 0; operand 0; add 0 1 } -> 2:f32", [x, Probe.real([0, 0], [2, 1])])
    #expect(found[0].shape == [2, 3])
    #expect(try found[0].reals() == [2, 4, 6, 2, 4, 6])
  }

  @Test func lanesRoundAndWrap() throws {
    let x = try Probe.real([1e-9, 16_777_217], [2])
    // Each instruction rounds to single precision.
    let sums = try run("(f32) { operand 0; real 1.0; add 0 1; subtract 2 1 } -> 3:f32", [x])
    #expect(try sums[0].reals() == [0, 16_777_215])
    let narrow = try run("(f32) { operand 0; narrow f16 0 } -> 1:f32", [Probe.real([0.1], [1])])
    #expect(try narrow[0].reals() == [Double(Float16(0.1))])
    let bytes = try HostTensor(.uint8, shape: [2], .unsigned([200, 100]))
    let text = "(u8) { operand 0; add 0 0; narrow i8 1; narrow u8 1 } -> 2:i64, 3:i64"
    let found = try run(text, [bytes])
    #expect(try found[0].integers() == [-112, -56])
    #expect(try found[1].integers() == [144, 200])
  }

  @Test func conversions() throws {
    let x = try Probe.real([1.9, -1.9, .nan, 0], [4])
    let found = try run(
      "(f32) { operand 0; convert integer 0; convert boolean 0; convert real 2 }"
        + " -> 1:i64, 2:bool, 3:f32", [x])
    #expect(try found[0].integers() == [1, -1, 0, 0])
    #expect(try found[1].booleans() == [true, true, true, false])
    #expect(try found[2].reals() == [1, 1, 1, 0])
  }

  @Test func failures() throws {
    let numbers = try Probe.whole([4, 0], [2])
    #expect(throws: EvaluationError.divisionByZero) {
      try run("(i64) { operand 0; divide 0 0 } -> 1:i64", [numbers])
    }
    #expect(throws: EvaluationError.self) { try run("(i64) { operand 0 } -> 0:i64", []) }
  }

  @Test func emptySpace() throws {
    let found = try run(
      "(f32, f32) { operand 0; operand 1; add 0 1 } -> 2:f32",
      [Probe.real([], [0, 1]), Probe.real([1, 2], [2])])
    #expect(found[0].shape == [0, 2])
  }
}
