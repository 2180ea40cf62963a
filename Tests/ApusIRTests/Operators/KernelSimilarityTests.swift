import ApusIR
import ApusTensor
import Testing

@Suite struct KernelSimilarityTests {
  typealias Probe = NumberProbe

  @Test(arguments: [
    (KernelFunction.linear, [3.0, -1]), (.polynomial, [6.25, 0.25]),
    (.radial, [0.1969117, 0.0000454]), (.sigmoid, [0.9866143, 0.4621172]),
  ])
  func kernels(function: KernelFunction, expected: [Double]) throws {
    let found = try Probe.reals(
      KernelSimilarity(function, gamma: 0.5, offset: 1, degree: 2),
      [Probe.real([1, 2], [1, 2]), Probe.real([2, 0.5, 3, -2], [2, 2])])
    #expect(Probe.close(found, expected))
  }

  @Test func lengthsMustAgree() throws {
    #expect(throws: TypeError.self) {
      try Probe.run(KernelSimilarity(), [Probe.real([1, 2], [1, 2]), Probe.real([1], [1, 1])])
    }
  }
}
