import ApusTensor
import Testing

@Suite struct ExtentLimitTests {
  /// Nested expressions and products end in overflow before they get slow or deep.
  @Test func growthIsBounded() {
    var nested = Extent.symbol("n")
    for index in 0..<200 { nested = .minimum(nested + .fixed(index), .symbol("n\(index)")) }
    #expect(nested.isOverflow)
    var wide = Extent.symbol("n")
    for _ in 0..<64 { wide = .maximum(wide, wide + 1) }
    #expect(wide.isOverflow)
    var joint = Extent.symbol("n")
    for index in 0..<200 { joint = .broadcast(joint, .symbol("n\(index)")) }
    #expect(joint.isOverflow)
    #expect(Extent.broadcast(joint, 3).isOverflow)
    var product = Extent.one
    for index in 0..<64 { product = product * (.symbol("a\(index)") + .symbol("b\(index)")) }
    #expect(product.isOverflow)
  }

  @Test func provableSigns() {
    let a = Extent.symbol("a")
    let b = Extent.symbol("b")
    #expect((a + b).isNonNegative)
    #expect(!(a - b).isNonNegative)
    #expect((a + 1).isPositive)
    #expect(!a.isPositive)
    #expect(a.isAtMost(a + b))
    #expect(Extent.lesser(a + b, a) == a)
    #expect(Extent.lesser(a, b) == .minimum(a, b))
    #expect((Extent.zero - a).clampedToZero == 0)
    #expect((a - b).clampedToZero == .maximum(0, a - b))
  }

  @Test func solving() {
    let a = Extent.symbol("a")
    #expect((a * 3 + 1).solved(for: 10) == .symbol("a", 3))
    #expect((a * 3).solved(for: 10) == .impossible)
    #expect((a * a).solved(for: 9) == .undetermined)
    #expect((a + .symbol("b")).solved(for: 9) == .undetermined)
    #expect(Extent.fixed(3).solved(for: 3) == .checked(true))
    #expect((Extent.fixed(0) - a).solved(for: .min) == .impossible)
    #expect((a + .fixed(.max)).solved(for: .min) == .impossible)
  }
}
