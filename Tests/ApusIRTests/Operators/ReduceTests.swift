import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct ReduceTests {
  typealias Probe = NumberProbe

  @Test(arguments: [
    (ReduceKind.sum, [6.0, 15]), (.mean, [2, 5]), (.maximum, [3, 6]), (.minimum, [1, 4]),
    (.product, [6, 120]), (.l1, [6, 15]), (.sumSquare, [14, 77]),
    (.l2, [3.7416573867, 8.7749643873]), (.logSum, [1.7917594692, 2.7080502011]),
    (.logSumExp, [3.4076059644, 6.4076059644]),
  ])
  func lastAxis(kind: ReduceKind, expected: [Double]) throws {
    let x = try Probe.real((1...6).map(Double.init), [2, 3])
    let found = try Probe.run(Reduce(kind), [x, Probe.whole([-1], [1])])[0]
    #expect(found.shape == [2, 1])
    #expect(Probe.close(try found.reals(), expected))
  }

  @Test func emptyAxes() throws {
    let x = try Probe.real([1, 2], [2])
    let none = try Probe.whole([], [0])
    #expect(try Probe.reals(Reduce(.sum), [x, none]) == [3])
    #expect(try Probe.reals(Reduce(.sum, emptyAxesMeansNone: true), [x, none]) == [1, 2])
  }

  @Test func reductionsOfNothing() throws {
    let empty = try Probe.real([], [0])
    #expect(try Probe.reals(Reduce(.sum), [empty]) == [0])
    #expect(try Probe.reals(Reduce(.product), [empty]) == [1])
    #expect(try Probe.reals(Reduce(.maximum), [empty]) == [-.infinity])
  }

  @Test func integers() throws {
    let x = try Probe.whole([-3, 5, 2], [3])
    #expect(try Probe.run(Reduce(.minimum), [x])[0].integers() == [-3])
    #expect(try Probe.run(Reduce(.maximum), [x])[0].integers() == [5])
  }

  @Test func unsignedIntegersCompareUnsigned() throws {
    let x = try HostTensor(.uint64, shape: [3], .unsigned([1 << 63, 3, .max]))
    #expect(try Probe.run(Reduce(.maximum), [x])[0].elements() == .unsigned([.max]))
    #expect(try Probe.run(Reduce(.minimum), [x])[0].elements() == .unsigned([3]))
    let nothing = try HostTensor(.uint8, shape: [0], .unsigned([]))
    #expect(try Probe.run(Reduce(.minimum), [nothing])[0].elements() == .unsigned([255]))
    let signed = try HostTensor(.int8, shape: [0], .signed([]))
    #expect(try Probe.run(Reduce(.maximum), [signed])[0].elements() == .signed([-128]))
  }

  @Test func shapesProductIsTracked() throws {
    let shape = Fact(TensorType(.int64, [3]), contents: [.symbol("n"), 4, .symbol("m")])
    let expected = Extent.symbol("n") * .symbol("m") * 4
    let found = try infer(Reduce(.product, keepDimensions: false), [shape])[0]
    #expect(found.type == TensorType(.int64, []))
    #expect(found.contents == [expected])
  }

  @Test func notANumberWins() throws {
    let x = try Probe.real([1, .nan, 2], [3])
    for kind in [ReduceKind.maximum, .minimum, .logSumExp, .sum] {
      #expect(try Probe.reals(Reduce(kind), [x])[0].isNaN, "\(kind)")
    }
    let infinite = try Probe.real([-.infinity, -.infinity], [2])
    #expect(try Probe.reals(Reduce(.logSumExp), [infinite]) == [-.infinity])
  }

  @Test func axesAreChecked() throws {
    let data = TensorType(.float32, [2, 3])
    #expect(throws: TypeError.self) {
      try Probe.type(Reduce(.sum), [data, TensorType(.float32, [1])])
    }
    #expect(throws: TypeError.axis(2, rank: 2)) {
      try infer(Reduce(.sum), [Fact(data), Fact(constant: Probe.whole([2], [1]))])
    }
  }
}
