import ApusLoops
import Testing

@Suite struct BoundedLineTests {
  private func line(_ text: String, _ value: Int, of source: Int = 0) throws -> BoundedLine? {
    BoundedLine(value, of: source, in: try Program(text: text))
  }

  @Test func hardSigmoid() throws {
    let found = try #require(
      try line(
        """
        (f32) { operand 0; real 0.25; multiply 0 1; real 0.5; add 2 3; real 0; maximum 4 5; \
        real 1; minimum 6 7 } -> 8:f32
        """, 8))
    #expect((found.scale, found.shift, found.lower, found.upper) == (0.25, 0.5, 0, 1))
  }

  @Test func boundsFollowWhatComesAfterThem() throws {
    // (4 - min(max(x, -1), 2)) / -2
    let found = try #require(
      try line(
        """
        (f32) { operand 0; real -1; maximum 0 1; real 2; minimum 2 3; real 4; subtract 5 4; \
        real -2; divide 6 7 } -> 8:f32
        """, 8))
    #expect((found.scale, found.shift, found.lower, found.upper) == (0.5, -2, -2.5, -1))
    for x in [-3.0, 0.5, 5] {
      let want = (4 - min(max(x, -1), 2)) / -2
      #expect(min(max(found.scale * x + found.shift, found.lower), found.upper) == want)
    }
  }

  @Test func crossedBoundsKeepTheOuterOne() throws {
    let found = try #require(
      try line(
        "(f32) { operand 0; real 3; maximum 0 1; real 1; minimum 2 3 } -> 4:f32", 4))
    #expect((found.lower, found.upper) == (1, 1))
  }

  @Test(arguments: [
    "(f32) { operand 0; exp 0 } -> 1:f32", "(f32) { operand 0; multiply 0 0 } -> 1:f32",
    "(f32, f32) { operand 0; operand 1; add 0 1 } -> 2:f32",
    "(f32) { operand 0; real 0; multiply 0 1 } -> 2:f32",
    "(f32) { operand 0; real 0; divide 0 1 } -> 2:f32",
  ])
  func otherFunctionsAreNone(text: String) throws {
    let program = try Program(text: text)
    #expect(BoundedLine(program.instructions.count - 1, of: 0, in: program) == nil)
  }

  @Test func hardSwishIsAGate() throws {
    // x * min(max(x + 3, 0), 6) / 6
    let program = try Program(
      text: """
        (f32) { operand 0; real 3; add 0 1; relu 2; real 6; minimum 3 4; multiply 0 5; \
        divide 6 4 } -> 7:f32
        """)
    let gate = try #require(BoundedLine.gate(7, of: 0, in: program))
    #expect(abs(gate.scale - 1 / 6) < 1e-15)
    #expect((gate.shift, gate.lower, gate.upper) == (0.5, 0, 1))
    #expect(BoundedLine.gate(5, of: 0, in: program) == nil)
    let sigmoid = try Program(text: "(f32) { operand 0; sigmoid 0; multiply 0 1 } -> 2:f32")
    #expect(BoundedLine.gate(2, of: 0, in: sigmoid) == nil)
  }
}
