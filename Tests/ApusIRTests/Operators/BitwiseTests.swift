import ApusIR
import ApusTensor
import Testing

@Suite struct BitwiseTests {
  typealias Probe = NumberProbe

  @Test(arguments: [
    (BitwiseFunction.and, [4, 8]), (.or, [14, -1]), (.xor, [10, -9]),
  ])
  func functions(function: BitwiseFunction, expected: [Int]) throws {
    let found = try Probe.run(
      Bitwise(function), [try Probe.whole([12, -1], [2]), try Probe.whole([6, 8], [2])])[0]
    #expect(try found.integers() == expected)
  }

  @Test func shiftsAreTotal() throws {
    let data = try Probe.whole([-8, 4, 1], [3])
    let counts = try Probe.whole([1, -1, 200], [3])
    #expect(try Probe.run(Bitwise(.shiftRight), [data, counts])[0].integers() == [-4, 0, 0])
    #expect(try Probe.run(Bitwise(.shiftLeft), [data, counts])[0].integers() == [-16, 0, 0])
  }

  @Test func narrowTypesWrap() throws {
    let a = try HostTensor(.uint8, shape: [1], .unsigned([255]))
    let b = try HostTensor(.uint8, shape: [1], .unsigned([1]))
    #expect(try Probe.run(Bitwise(.shiftLeft), [a, b])[0].integers() == [254])
  }
}
