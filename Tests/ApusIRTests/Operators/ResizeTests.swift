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
}
