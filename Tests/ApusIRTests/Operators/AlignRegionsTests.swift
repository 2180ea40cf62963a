import ApusIR
import ApusTensor
import Testing

@Suite struct AlignRegionsTests {
  typealias Probe = NumberProbe

  @Test func meanOfAConstantImage() throws {
    var operation = AlignRegions()
    operation.rows = 2
    operation.columns = 2
    operation.samples = 2
    let image = try Probe.real(Array(repeating: 3, count: 16), [1, 1, 4, 4])
    let regions = try Probe.real([0, 0, 3, 3], [1, 4])
    let found = try Probe.run(operation, [image, regions, try Probe.whole([0], [1])])[0]
    #expect(found.shape == [1, 1, 2, 2])
    #expect(try found.reals() == [3, 3, 3, 3])
  }

  @Test func refusesImagesOutside() throws {
    let image = try Probe.real([1], [1, 1, 1, 1])
    let regions = try Probe.real([0, 0, 1, 1], [1, 4])
    #expect(throws: EvaluationError.self) {
      try Probe.run(AlignRegions(), [image, regions, try Probe.whole([1], [1])])
    }
    let far = try Probe.real([0, 0, 1e30, .nan], [1, 4])
    #expect(throws: EvaluationError.self) {
      try Probe.run(AlignRegions(), [image, far, try Probe.whole([0], [1])])
    }
  }
}
