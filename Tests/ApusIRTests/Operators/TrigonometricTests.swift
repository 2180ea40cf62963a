import ApusIR
import ApusTensor
import Testing

@Suite struct TrigonometricTests {
  typealias Probe = NumberProbe

  @Test(arguments: [
    (TrigonometricFunction.tan, 0.5463024898), (.asin, 0.5235987756), (.acos, 1.0471975512),
    (.atan, 0.4636476090), (.sinh, 0.5210953055), (.cosh, 1.1276259652), (.asinh, 0.4812118251),
    (.atanh, 0.5493061443),
  ])
  func atOneHalf(function: TrigonometricFunction, expected: Double) throws {
    let found = try Probe.reals(Trigonometric(function), [try Probe.real([0.5], [1], .float64)])
    #expect(Probe.close(found, [expected], 1e-9))
  }

  @Test func outsideTheDomain() throws {
    #expect(try Probe.reals(Trigonometric(.acosh), [try Probe.real([0.5], [1])])[0].isNaN)
    #expect(try Probe.reals(Trigonometric(.acosh), [try Probe.real([1], [1])]) == [0])
  }
}
