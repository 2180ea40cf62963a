import ApusIR
import ApusTensor
import Testing

@Suite struct GridSampleTests {
  typealias Probe = NumberProbe

  private func sample(
    _ mode: ResizeMode, _ padding: SamplePadding, at x: Double
  ) throws -> Double? {
    var operation = GridSample()
    operation.mode = mode
    operation.padding = padding
    operation.alignCorners = true
    let data = try Probe.real([10, 20, 30], [1, 1, 1, 3])
    return try Probe.reals(operation, [data, try Probe.real([x, 0], [1, 1, 1, 2])]).first
  }

  @Test func insideAndOutside() throws {
    #expect(try sample(.linear, .zeros, at: -1) == 10)
    #expect(try sample(.linear, .zeros, at: 0.5) == 25)
    #expect(try sample(.nearest, .zeros, at: 0.9) == 30)
    #expect(try sample(.linear, .zeros, at: 3) == 0)
    #expect(try sample(.linear, .border, at: 3) == 30)
    #expect(try sample(.linear, .reflection, at: 2) == 20)
  }

  @Test func coordinatesThatAreNoNumbers() throws {
    #expect(try sample(.linear, .border, at: .nan) == 0)
    #expect(try sample(.cubic, .reflection, at: 1e300) == 0)
  }
}
