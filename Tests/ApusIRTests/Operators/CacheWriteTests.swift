import ApusIR
import ApusTensor
import Testing

@Suite struct CacheWriteTests {
  typealias Probe = NumberProbe

  @Test func writesAtPlaces() throws {
    let found = try Probe.reals(
      CacheWrite(axis: 1, circular: false),
      [
        try Probe.real([0, 0, 0, 0, 0, 0], [2, 3]), try Probe.real([1, 2], [2, 1]),
        try Probe.whole([0, 2], [2]),
      ])
    #expect(found == [1, 0, 0, 0, 0, 2])
  }

  @Test func circularWraps() throws {
    let found = try Probe.reals(
      CacheWrite(axis: 1, circular: true),
      [
        try Probe.real([0, 0, 0], [1, 3]), try Probe.real([1, 2], [1, 2]),
        try Probe.whole([2], [1]),
      ])
    #expect(found == [2, 0, 1])
  }

  @Test(arguments: [2, -1, Int.max]) func refusesPlacesOutside(place: Int) throws {
    #expect(throws: EvaluationError.self) {
      try Probe.run(
        CacheWrite(axis: 1, circular: false),
        [
          try Probe.real([0, 0, 0], [1, 3]), try Probe.real([1, 2], [1, 2]),
          try Probe.whole([place], [1]),
        ])
    }
  }
}
