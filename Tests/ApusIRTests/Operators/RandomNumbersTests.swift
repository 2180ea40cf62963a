import ApusIR
import ApusTensor
import Testing

@Suite struct RandomNumbersTests {
  private func draw(_ operation: RandomNumbers, _ count: Int) throws -> [Double] {
    try NumberProbe.reals(operation, [.vector([count])])
  }

  /// The published test vectors of Philox4x32-10 for counter and key 0.
  @Test func generatorAgreesWithItsPaper() {
    let words = Philox(seed: UInt64(0)).words(0)
    #expect(words == (0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
  }

  @Test func seedsRepeat() throws {
    var operation = RandomNumbers()
    #expect(!operation.isDeterministic)
    #expect(try draw(operation, 8) != draw(operation, 8))
    operation.seed = 7
    #expect(operation.isDeterministic)
    let first = try draw(operation, 8)
    #expect(try draw(operation, 8) == first)
    operation.seed = 8
    #expect(try draw(operation, 8) != first)
  }

  @Test func moments() throws {
    var operation = RandomNumbers()
    operation.seed = 1
    operation.first = 2
    operation.second = 6
    let flat = try draw(operation, 20000)
    #expect(flat.allSatisfy { $0 >= 2 && $0 < 6 })
    #expect((flat.reduce(0, +) / 20000 - 4).magnitude < 0.05)
    operation.distribution = .normal
    operation.first = 1
    operation.second = 2
    let bell = try draw(operation, 20000)
    let mean = bell.reduce(0, +) / 20000
    let variance = bell.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20000
    #expect((mean - 1).magnitude < 0.06)
    #expect((variance - 4).magnitude < 0.2)
  }

  @Test func narrowTypesStayUnderTheBound() throws {
    var operation = RandomNumbers()
    operation.seed = 3
    operation.element = .bfloat16
    #expect(try draw(operation, 5000).allSatisfy { $0 < 1 })
  }
}
