import ApusTensor
import Testing

@testable import ApusIR

@Suite struct TransposeTests {
  typealias Probe = MovementProbe

  @Test(arguments: MovementProbe.smallElements)
  func everyElementType(element: ElementType) throws {
    let values = [0, 1, 2, 3, 2, 1]
    let result = try Probe.run(Transpose(), [Probe.tensor(values, [2, 3], as: element)])[0]
    let expected = Probe.tensor([0, 3, 1, 2, 2, 1], [3, 2], as: element)
    #expect(result.shape == [3, 2])
    #expect(try result.elements() == expected.elements())
    #expect(result.packedBytes == expected.packedBytes)
  }

  @Test func permutesLikeCoordinates() throws {
    let shape = [2, 3, 4, 5]
    let order = [2, 0, 3, 1]
    let result = try Probe.run(Transpose(order), [Probe.iota(shape, as: .float32)])[0]
    #expect(result.shape == [4, 2, 5, 3])
    let values = try result.reals()
    var index = 0
    for c in 0..<4 {
      for a in 0..<2 {
        for d in 0..<5 {
          for b in 0..<3 {
            #expect(values[index] == Double(((a * 3 + b) * 4 + c) * 5 + d))
            index += 1
          }
        }
      }
    }
  }

  @Test func splatsAndEmptyTensors() throws {
    let splat = try HostTensor(splat: Probe.tensor([7], []), shape: [2, 3])
    #expect(try Probe.run(Transpose(), [splat])[0].integers() == Array(repeating: 7, count: 6))
    let narrow = try HostTensor(splat: Probe.tensor([3], [], as: .uint4), shape: [2, 3])
    #expect(try Probe.run(Transpose(), [narrow])[0].integers() == Array(repeating: 3, count: 6))
    #expect(try Probe.run(Transpose(), [Probe.iota([2, 0, 3])])[0].shape == [3, 0, 2])
    #expect(try Probe.run(Transpose(), [Probe.iota([])])[0].integers() == [0])
  }

  @Test func types() throws {
    let type = try Probe.type(Transpose([1, 0]), [Probe.value([Probe.batch, 3])])
    #expect(type.shape == .ranked([3, Probe.batch]))
    #expect(try Probe.type(Transpose([1, 0]), [Probe.unranked()]).shape == .unranked)
    #expect(throws: TypeError.self) {
      try Probe.type(Transpose([0, 0]), [Probe.value([1, 2])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(Transpose([0, 1, 2]), [Probe.value([1, 2])])
    }
  }

  /// The way exporters turn pads around: reshape to pairs, reverse, transpose.
  @Test func contentsOfAMatrix() throws {
    let fact = Fact(TensorType(.int64, [2, 2]), contents: [1, Probe.batch, 3, 4])
    #expect(try infer(Transpose(), [fact])[0].contents == [1, 3, Probe.batch, 4])
  }
}
