import ApusTensor
import Testing

@testable import ApusIR

@Suite struct IdentityTests {
  @Test func givesTheSame() throws {
    let input = MovementProbe.iota([2, 3], as: .string)
    let result = try MovementProbe.run(Identity(), [input])[0]
    #expect(try result.elements() == input.elements())
    #expect(try MovementProbe.type(Identity(), [MovementProbe.unranked()]).shape == .unranked)
  }

  @Test func keepsContents() throws {
    let fact = try infer(Identity(), [MovementProbe.known([MovementProbe.batch])])[0]
    #expect(fact.contents == [MovementProbe.batch])
  }
}
