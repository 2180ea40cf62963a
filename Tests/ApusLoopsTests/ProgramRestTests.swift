import ApusLoops
import Testing

@Suite struct ProgramRestTests {
  @Test func whatFollowsAKnownValue() throws {
    let program = try Program(
      text: """
        (f32, f32, f32) { operand 0; operand 1; add 0 1; sigmoid 2; multiply 2 3; operand 2; \
        add 4 5 } -> 6:f32
        """)
    let rest = try #require(program.rest(after: 2))
    #expect(
      rest.program
        == (try Program(
          text: """
            (f32, f32) { operand 0; sigmoid 0; multiply 0 1; operand 1; add 2 3 } -> 4:f32
            """)))
    #expect(rest.operands == [0, 2])
    #expect(program.rest(after: 4)?.operands == [0, 2])
    #expect(program.rest(after: 6)?.operands == [0])
  }

  @Test func noneWhereMoreIsNeeded() throws {
    let program = try Program(
      text: "(f32, f32) { operand 0; operand 1; add 0 1; multiply 0 2; real 1 } -> 3:f32")
    #expect(program.rest(after: 2) == nil)  // reads operand 0 once more
    #expect(program.rest(after: 4) == nil)  // does not need it
    #expect(program.rest(after: 9) == nil)
  }
}
