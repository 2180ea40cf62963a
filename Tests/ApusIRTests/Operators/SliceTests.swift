import ApusTensor
import Testing

@testable import ApusIR

@Suite struct SliceTests {
  typealias Probe = MovementProbe

  @Test(arguments: [
    (0, 3, 1, [0, 1, 2]), (-3, Int.max, 1, [7, 8, 9]), (Int.min, Int.max, 3, [0, 3, 6, 9]),
    (-1, Int.min, -1, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]), (8, 2, -3, [8, 5]), (5, 5, 1, []),
    (20, 30, 1, []), (Int.max, Int.min, -4, [9, 5, 1]), (0, 10, Int.max, [0]),
    (9, Int.min, Int.min, [9]), (3, 8, -1, []), (-20, 2, 1, [0, 1]), (-20, -20, -1, [0]),
  ])
  func bounds(start: Int, end: Int, step: Int, expected: [Int]) throws {
    let result = try Probe.run(
      Slice(),
      [
        Probe.iota([10]), Probe.vector([start]), Probe.vector([end]), Probe.vector([0]),
        Probe.vector([step]),
      ])[0]
    #expect(try result.integers() == expected)
  }

  @Test func emptyDimension() throws {
    for step in [1, -1, Int.min, Int.max] {
      let result = try Probe.run(
        Slice(),
        [
          Probe.iota([0]), Probe.vector([Int.max]), Probe.vector([Int.min]), Probe.vector([0]),
          Probe.vector([step]),
        ])[0]
      #expect(result.shape == [0])
    }
  }

  @Test(arguments: MovementProbe.smallElements)
  func twoAxes(element: ElementType) throws {
    let data = Probe.tensor([0, 1, 2, 3, 2, 1, 1, 2, 3], [3, 3], as: element)
    let result = try Probe.run(
      Slice(),
      [
        data, Probe.vector([2, 0], as: .int32), Probe.vector([-4, 2], as: .int32),
        Probe.vector([0, -1], as: .int32), Probe.vector([-2, 1], as: .int32),
      ])[0]
    let expected = Probe.tensor([1, 2, 0, 1], [2, 2], as: element)
    #expect(result.shape == [2, 2])
    #expect(try result.elements() == expected.elements())
  }

  private func length(_ extent: Extent, _ start: Extent, _ end: Extent, _ step: Int) -> Extent? {
    Slice.length(extent, from: start, to: end, step: step)
  }

  @Test func symbolicLengths() {
    let total = Probe.past + Probe.sequence
    #expect(length(total, Probe.past, total, 1) == Probe.sequence)
    #expect(length(total, 0, Probe.past, 1) == Probe.past)
    #expect(length(total, 0, .fixed(.max), 1) == total)
    #expect(length(total, 0, .fixed(Int(Int32.max)), 1) == total)
    #expect(length(1024, 0, Probe.sequence, 1) == .minimum(1024, Probe.sequence))
    #expect(length(total, -1, .fixed(.min), -1) == total)
    #expect(length(Probe.sequence + 1, -1, .fixed(.max), 1) == 1)
    #expect(length(Probe.sequence + 1, 0, -1, 1) == Probe.sequence)
    #expect(length(Probe.sequence * 2, 0, .fixed(.max), 2) == Probe.sequence)
    #expect(length(total, 3, 1, -1) == nil)
  }

  /// Symbolic lengths agree with numbers wherever they are expressed, zero included.
  @Test func symbolicLengthsAgreeWithNumbers() {
    let symbols = [Probe.past, Probe.sequence, Probe.batch]
    let bounds =
      symbols + symbols.map { .zero - $0 } + [
        0, 1, 2, -1, -3, .fixed(.max), .fixed(.min), Probe.past + Probe.sequence,
        Probe.past + 1, .zero - Probe.sequence - 1, Probe.past - Probe.sequence,
      ]
    let extents = symbols + [Probe.past + Probe.sequence, Probe.past + 1, 4]
    for extent in extents {
      for start in bounds {
        for end in bounds {
          for step in [1, 2, -1, -2] {
            guard let symbolic = length(extent, start, end, step) else { continue }
            for (past, sequence, batch) in [(0, 0, 0), (0, 1, 2), (3, 1, 1), (5, 7, 4), (1, 0, 9)] {
              let values = ["past": past, "sequence": sequence, "batch": batch]
              let expected = length(
                extent.substituting(values), start.substituting(values), end.substituting(values),
                step)
              #expect(
                symbolic.substituting(values) == expected,
                "\(extent)[\(start):\(end):\(step)] with \(values)")
            }
          }
        }
      }
    }
  }

  @Test func types() throws {
    let data = Probe.value([Probe.batch, Probe.past + Probe.sequence])
    let type = try Probe.type(
      Slice(), [data, Probe.known([Probe.past]), Probe.known([.fixed(.max)]), Probe.known([1])])
    #expect(type.shape == .ranked([Probe.batch, Probe.sequence]))
    let unknown = try Probe.type(
      Slice(), [data, Probe.unknown(1), Probe.known([1]), Probe.known([1])])
    #expect(unknown.shape == [Probe.batch, .unknown])
    let unranked = try Probe.type(
      Slice(), [Probe.unranked(), Probe.known([0]), Probe.known([1])])
    #expect(unranked.shape == .unranked)
  }

  @Test func contents() throws {
    let shape = Probe.known([Probe.batch, 3, Probe.sequence])
    let fact = try infer(
      Slice(), [shape, Probe.known([-1]), Probe.known([.fixed(.max)]), Probe.known([0])])[0]
    #expect(fact.contents == [Probe.sequence])
    let matrix = Fact(TensorType(.int64, [2, 2]), contents: [1, 2, Probe.batch, 4])
    let reversed = try infer(
      Slice(),
      [
        matrix, Probe.known([-1]), Probe.known([.fixed(.min)]), Probe.known([0]),
        Probe.known([-1]),
      ])[0]
    #expect(reversed.contents == [Probe.batch, 4, 1, 2])
  }

  @Test func errors() {
    let data = Probe.value([4])
    #expect(throws: TypeError.invalid(field: "steps", reason: "a step is 0")) {
      try Probe.type(
        Slice(), [data, Probe.known([0]), Probe.known([1]), Probe.known([0]), Probe.known([0])])
    }
    #expect(throws: TypeError.axis(1, rank: 1)) {
      try Probe.type(Slice(), [data, Probe.known([0]), Probe.known([1]), Probe.known([1])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(Slice(), [data, Probe.known([0]), Probe.known([1, 2])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(Slice(), [data, Probe.known([0, 0]), Probe.known([1, 2])])
    }
  }
}
