import Testing

@testable import ApusServing

@Suite struct ExecutionCostTests {
  @Test func slowExecutionsCountWhenTheyComeAgain() {
    var cost = ExecutionCost()
    #expect(!cost.isSmall)
    for _ in 0..<16 { cost.add(1000) }
    #expect(cost.isSmall)
    cost.add(10_000_000)
    #expect(cost.isSmall)
    cost.add(10_000_000)
    #expect(!cost.isSmall)
    for _ in 0..<1000 { cost.add(1000) }
    #expect(cost.isSmall)
    for _ in 0..<100 { cost.add(60_000) }
    #expect(!cost.isSmall)
  }
}
