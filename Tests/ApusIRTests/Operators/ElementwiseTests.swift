import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct ElementwiseTests {
  typealias Probe = NumberProbe

  @Test func programOverBroadcastOperands() throws {
    let program = try Program(
      text: "(f32, f32) { operand 0; operand 1; add 0 1; relu 2 } -> 3:f32")
    let found = try Probe.run(
      Elementwise(program), [Probe.real([1, -5], [2, 1]), Probe.real([1, 2], [2])])[0]
    #expect(found.shape == [2, 2])
    #expect(try found.reals() == [2, 3, 0, 0])
  }

  @Test func lanesAndSelect() throws {
    let program = try Program(
      text: "(f32) { operand 0; real 0.0; less 0 1; negate 0; select 2 3 0 } -> 4:f32")
    #expect(try Probe.reals(Elementwise(program), [Probe.real([-2, 3], [2])]) == [2, 3])
  }

  @Test func elementTypesAreChecked() throws {
    let program = try Program(text: "(f32) { operand 0 } -> 0:f32")
    #expect(throws: TypeError.self) {
      try Probe.type(Elementwise(program), [TensorType(.int64, [1])])
    }
  }
}
