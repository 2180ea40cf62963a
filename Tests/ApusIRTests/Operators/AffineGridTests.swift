import ApusIR
import ApusTensor
import Testing

@Suite struct AffineGridTests {
  typealias Probe = NumberProbe

  @Test func identityNamesPixelCentres() throws {
    let theta = try Probe.real([1, 0, 0, 0, 1, 0], [1, 2, 3])
    let size = try Probe.whole([1, 1, 1, 2], [4])
    #expect(try Probe.reals(AffineGrid(alignCorners: false), [theta, size]) == [-0.5, 0, 0.5, 0])
    let aligned = try Probe.run(AffineGrid(alignCorners: true), [theta, size])[0]
    #expect(aligned.shape == [1, 1, 2, 2])
    #expect(try aligned.reals() == [-1, -1, 1, -1])
  }

  @Test func refusesOtherMatrices() throws {
    let theta = TensorType(.float32, [1, 3, 3])
    #expect(throws: TypeError.self) {
      try infer(
        AffineGrid(), [Fact(theta), Fact(constant: try Probe.whole([1, 1, 1, 2], [4]))])
    }
  }
}
