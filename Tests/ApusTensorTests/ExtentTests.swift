import ApusTensor
import Testing

/// Extents against plain integer arithmetic on random expressions.
@Suite struct ExtentTests {
  /// An expression with its value under fixed bindings.
  private struct Pair {
    var extent: Extent
    var value: Int
  }

  private static let bindings = ["a": 3, "b": 5, "c": 2]

  private static func polynomial(_ random: inout some RandomNumberGenerator) -> Pair {
    var sum = Pair(extent: 0, value: 0)
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let coefficient = Int.random(in: -3...3, using: &random)
      var term = Pair(extent: .fixed(coefficient), value: coefficient)
      for _ in 0..<Int.random(in: 0...2, using: &random) {
        guard let (name, number) = bindings.randomElement(using: &random) else { continue }
        term = Pair(extent: term.extent * .symbol(name), value: term.value * number)
      }
      sum = Pair(extent: sum.extent + term.extent, value: sum.value + term.value)
    }
    return sum
  }

  private static func floor(_ a: Int, _ b: Int) -> Int {
    Int((Double(a) / Double(b)).rounded(.down))
  }

  @Test func ringLaws() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let x = Self.polynomial(&random).extent
      let y = Self.polynomial(&random).extent
      let z = Self.polynomial(&random).extent
      #expect(x + y == y + x && x * y == y * x)
      #expect((x + y) + z == x + (y + z))
      #expect((x * y) * z == x * (y * z))
      #expect(x * (y + z) == x * y + x * z)
      #expect(x - x == 0 && x + 0 == x && x * 1 == x && x * 0 == 0)
      #expect((x + y).hashValue == (y + x).hashValue)
    }
  }

  @Test func substitutionEvaluates() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let x = Self.polynomial(&random)
      let y = Self.polynomial(&random)
      func check(_ extent: Extent, _ value: Int) {
        #expect(
          extent.substituting(Self.bindings) == .fixed(value), "\(x.extent), \(y.extent): \(extent)"
        )
      }
      check(x.extent + y.extent, x.value + y.value)
      check(x.extent - y.extent, x.value - y.value)
      check(x.extent * y.extent, x.value * y.value)
      check(.minimum(x.extent, y.extent), min(x.value, y.value))
      check(.maximum(x.extent, y.extent), max(x.value, y.value))
      if y.value != 0 {
        check(x.extent.floorDivided(by: y.extent), Self.floor(x.value, y.value))
        check(x.extent.ceilingDivided(by: y.extent), -Self.floor(-x.value, y.value))
      }
    }
  }

  @Test func partialSubstitutionCommutes() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let x = Self.polynomial(&random)
      let parts = x.extent.substituting(["a": 3]).substituting(["b": 5, "c": 2])
      #expect(parts == .fixed(x.value))
      #expect(x.extent.substituting(["a": 3]).symbols.isDisjoint(with: ["a"]))
    }
  }

  @Test func floorDivision() {
    for a in -9...9 {
      for b in [-4, -3, -1, 1, 2, 3, 7] {
        #expect(Extent.fixed(a).floorDivided(by: .fixed(b)) == .fixed(Self.floor(a, b)))
      }
    }
    let n = Extent.symbol("n")
    #expect((n * 6).floorDivided(by: n * 2) == 3)
    #expect((n * n * 4 + n * 2).floorDivided(by: n * 2) == n * 2 + 1)
    #expect((n * 6).floorDivided(by: 4) != n)
    #expect(n.floorDivided(by: 0).isOverflow)
    #expect(Extent.fixed(.min).floorDivided(by: -1).isOverflow)
  }

  @Test func arithmeticIsTotal() {
    let n = Extent.symbol("n")
    #expect((Extent.fixed(.max) + 1).isOverflow)
    #expect((Extent.fixed(.max) * 2).isOverflow)
    #expect((Extent.fixed(.min) - 1).isOverflow)
    #expect(((n * .fixed(.max)) * 2).isOverflow)
    #expect((n + .overflow).isOverflow)
    #expect(Extent.minimum(n, .overflow + 1).isOverflow)
    #expect((n * .fixed(.max)).substituting(["n": 2]).isOverflow)
  }

  @Test func printing() {
    let (a, b) = (Extent.symbol("a"), Extent.symbol("b"))
    #expect("\(a + b)" == "\(b + a)")
    #expect("\(a * 2 - 3)" == "2*a - 3")
    #expect("\(Extent.minimum(b, a))" == "min(a, b)")
    #expect("\(a.floorDivided(by: 2))" == "floordiv(a, 2)")
  }
}
