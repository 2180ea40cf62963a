import ApusTensor
import Testing

@Suite struct ExtentParserTests {
  private let a = Extent.symbol("a")
  private let b = Extent.symbol("b_2.c")

  @Test func expressions() throws {
    #expect(try Extent(parsing: "7") == 7)
    #expect(try Extent(parsing: " -7 ") == -7)
    #expect(try Extent(parsing: "\(Int.min)") == .fixed(.min))
    #expect(try Extent(parsing: "a + b_2.c") == b + a)
    #expect(try Extent(parsing: "2*a*b_2.c - 3 - -1") == a * b * 2 - 2)
    #expect(try Extent(parsing: "2 * (a - 1) * -b_2.c") == (Extent.zero - b) * (a - 1) * 2)
    #expect(
      try Extent(parsing: "max(min(a, 3), floordiv(b_2.c + 1, 2))")
        == .maximum(.minimum(a, 3), (b + 1).floorDivided(by: 2)))
    #expect(try Extent(parsing: "(a + 1)//2 * 3") == (a + 1).floorDivided(by: 2) * 3)
    #expect(try Extent(parsing: "7 - a//2*3") == Extent.fixed(7) - a.floorDivided(by: 2) * 3)
    #expect(
      try Extent(parsing: "7 - -a//2") == Extent.fixed(7) - (Extent.zero - a).floorDivided(by: 2))
    #expect(try Extent(parsing: "min") == .symbol("min"))
    #expect(try Extent(parsing: "broadcast(b_2.c, a)") == .broadcast(a, b))
    #expect(try Extent(parsing: "broadcast(1, a) + broadcast(a, 3)") == a + 3)
    #expect(try Extent(parsing: "'batch size' + 1") == .symbol("batch size") + 1)
  }

  @Test func descriptionsParse() throws {
    let odd = Extent.symbol("it's \\ ü\n+")
    let extents = [
      odd, odd * a - 5, .symbol("1"), .symbol(""), .maximum(a * b * a, .minimum(odd, 4)),
      (a + b).floorDivided(by: odd + 1) * -2, .fixed(.min), .fixed(.max) * a, .symbol("min") * 2,
      .broadcast(a, .broadcast(b, odd)) * a, .symbol("broadcast"),
      .symbol("inf"), a + .fixed(.min), b + a * .fixed(.min),
    ]
    for extent in extents { #expect(try Extent(parsing: extent.description) == extent) }
  }

  @Test(arguments: [
    "", "+", "a b", "a +", "(a", "a)", "min(a)", "broadcast(a)", "broadcast(2, 3)",
    "a / b", "a ** 2", "1.5", ".a", "2a", "'a",
    "99999999999999999999", "9223372036854775807 + 1", "floordiv(1, 0)", "a, b", "?",
  ])
  func malformed(text: String) {
    #expect(throws: ExtentSyntaxError.self) { try Extent(parsing: text) }
  }

  @Test func hostileTexts() {
    let parentheses = String(repeating: "(", count: 100_000)
    #expect(throws: ExtentSyntaxError.self) { try Extent(parsing: parentheses) }
    let calls = String(repeating: "min(", count: 100_000)
    #expect(throws: ExtentSyntaxError.self) { try Extent(parsing: calls) }
    let signs = String(repeating: "-", count: 100_001) + "1"
    #expect((try? Extent(parsing: signs)) == -1)
    let sums = (0..<64).map { "(a\($0) + b\($0))" }.joined(separator: "*")
    #expect(throws: ExtentSyntaxError.tooLarge) { try Extent(parsing: sums) }
  }

  @Test func dimensionNames() {
    #expect(Extent(dimensionName: "a") == a)
    #expect(Extent(dimensionName: "a + b_2.c") == a + b)
    #expect(Extent(dimensionName: "a - 1") == a - 1)
    for name in ["batch-size", "sequence length", "?", "", "12", "unk:0", "a/b", "(", "-1"] {
      #expect(Extent(dimensionName: name) == .symbol(name))
    }
  }
}
