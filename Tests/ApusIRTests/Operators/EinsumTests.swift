import ApusIR
import ApusTensor
import Testing

@Suite struct EinsumTests {
  typealias Probe = NumberProbe

  @Test func products() throws {
    let a = try Probe.real([1, 2, 3, 4], [2, 2])
    let b = try Probe.real([5, 6, 7, 8], [2, 2])
    #expect(try Probe.reals(Einsum("ij,jk->ik"), [a, b]) == [19, 22, 43, 50])
    #expect(try Probe.reals(Einsum("ii->i"), [a]) == [1, 4])
    #expect(try Probe.reals(Einsum("ij->"), [a]) == [10])
    #expect(try Probe.reals(Einsum("ij->ji"), [a]) == [1, 3, 2, 4])
  }

  @Test func integersAreExact() throws {
    let a = try Probe.whole([.max, 1], [2])
    #expect(
      try Probe.run(Einsum("i,i->"), [a, try Probe.whole([1, 0], [2])])[0].integers() == [.max])
  }

  @Test(arguments: ["ij", "ij->k", "ij->ii", "i->i", "->"])
  func refuses(equation: String) {
    #expect(throws: TypeError.self) {
      try infer(Einsum(equation), [Fact(.float32, [2, 2])])
    }
  }
}
