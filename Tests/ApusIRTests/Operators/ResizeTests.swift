import ApusIR
import ApusTensor
import Testing

@Suite struct ResizeTests {
  typealias Probe = NumberProbe

  private func resize(
    _ values: [Double], to size: Int, _ change: (inout Resize) -> Void = { _ in }
  ) throws -> [Double] {
    var operation = Resize()
    change(&operation)
    return try Probe.reals(
      operation,
      [try Probe.real(values, [values.count]), nil, nil, try Probe.whole([size], [1])])
  }

  @Test func modes() throws {
    #expect(try resize([1, 2], to: 4) == [1, 1, 2, 2])
    #expect(
      try resize([1, 3], to: 3) {
        $0.mode = .linear
        $0.transform = .alignCorners
      } == [1, 2, 3])
    #expect(try resize([1, 3], to: 4) { $0.mode = .linear } == [1, 1.5, 2.5, 3])
    let antialiased = try resize([1, 2, 3, 4], to: 2) {
      $0.mode = .linear
      $0.antialias = true
    }
    #expect(antialiased.count == 2 && antialiased[0] < antialiased[1])
  }

  @Test func constantsStayConstant() throws {
    for mode in [ResizeMode.linear, .cubic] {
      let found = try resize([2, 2, 2, 2, 2], to: 7) { $0.mode = mode }
      #expect(Probe.close(found, Array(repeating: 2, count: 7)))
    }
  }

  @Test func scalesGiveShapes() throws {
    let facts = try infer(
      Resize(),
      [
        Fact(.float32, [1, 5]), nil, Fact(constant: try Probe.real([1, 1.5], [2])), nil,
      ])
    #expect(facts[0].shape == [1, 7])
  }

  @Test func refuses() throws {
    #expect(throws: TypeError.self) { try infer(Resize(), [Fact(.float32, [2]), nil, nil, nil]) }
    #expect(throws: TypeError.self) {
      try infer(
        Resize(), [Fact(.float32, [2]), nil, Fact(constant: try Probe.real([-1], [1])), nil])
    }
    #expect(throws: TypeError.self) { try resize([1, 2], to: -4) }
  }

  @Test func aspectsKeepOneScale() throws {
    var operation = Resize()
    operation.mode = .linear
    operation.aspect = .notLarger
    let x = try Probe.real([0, 1, 2, 3, 4, 5, 6], [1, 7])
    let found = try Probe.run(operation, [x, nil, nil, Probe.whole([1, 8], [2])])[0]
    #expect(found.shape == [1, 7])
    operation.aspect = .notSmaller
    let wide = try Probe.run(operation, [x, nil, nil, Probe.whole([1, 8], [2])])[0]
    // 8 / 7 is the scale of both axes.
    #expect(wide.shape == [1, 8])
  }

  @Test func extentsByScaleAreThoseOfSinglePrecision() throws {
    let n = Extent.symbol("n")
    let facts = try infer(
      Resize(),
      [Fact(.float32, [10, n, n, n]), nil, Fact(constant: Probe.real([0.7, 2, 0.5, 0.3], [4]))])
    #expect(facts[0].shape == [7, n * 2, n.floorDivided(by: 2), .unknown])
  }

  @Test func neighboursOfOldOpsets() throws {
    var operation = Resize()
    operation.transform = .asymmetric
    operation.rounding = .outward
    let x = try Probe.real([1, 2, 3, 4], [4])
    #expect(try Probe.reals(operation, [x, nil, Probe.real([0.6], [1]), nil]) == [1, 3])
    operation.transform = .shiftedHalfPixel
    operation.rounding = .floor
    #expect(try Probe.reals(operation, [x, nil, Probe.real([0.5], [1]), nil]) == [2, 4])
  }

  @Test func regionsMustBeFinite() throws {
    var operation = Resize()
    operation.transform = .cropAndResize
    let x = try Probe.real([1, 2], [2])
    #expect(throws: EvaluationError.self) {
      try Probe.run(operation, [x, Probe.real([0, .nan], [2]), nil, Probe.whole([3], [1])])
    }
    #expect(
      try Probe.reals(operation, [x, Probe.real([0, 1e38], [2]), nil, Probe.whole([2], [1])])
        == [1, 0])
  }
}
