import ApusTensor
import Testing

@Suite("Extents that broadcast")
struct ExtentBroadcastTests {
  private let a = Extent.symbol("a")
  private let b = Extent.symbol("b")
  private let c = Extent.symbol("c")

  @Test(
    "Numbers follow NumPy",
    arguments: [
      (0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 1), (1, 5, 5), (5, 1, 5), (5, 5, 5),
    ])
  func numbers(left: Int, right: Int, result: Int) {
    #expect(Extent.broadcast(.fixed(left), .fixed(right)) == .fixed(result))
    let both = Extent.broadcast(a, b)
    #expect(both.substituting(["a": left, "b": right]) == .fixed(result))
    #expect(both.substituting(["a": left]).substituting(["b": right]) == .fixed(result))
    #expect(both.substituting(["b": right]).substituting(["a": left]) == .fixed(result))
  }

  @Test("Numbers that do not fit are no extent", arguments: [(2, 3), (0, 2), (0, -1)])
  func misfits(left: Int, right: Int) {
    #expect(Extent.broadcast(.fixed(left), .fixed(right)).isOverflow)
    #expect(Extent.broadcast(a, b).substituting(["a": left, "b": right]).isOverflow)
  }

  @Test("One known side decides")
  func decided() {
    #expect(Extent.broadcast(a, 1) == a)
    #expect(Extent.broadcast(7, a) == 7)
    #expect(Extent.broadcast(a, 0) == 0)
    #expect(Extent.broadcast(a, a) == a)
    #expect(Extent.broadcast(a, b + 2) == b + 2)
    #expect(Extent.broadcast(a, b + 1) != b + 1)
  }

  @Test("Order and grouping do not matter")
  func canonical() {
    let parts = [a, b, c, a * b, b + 1]
    #expect(Extent.broadcast(a, b) == .broadcast(b, a))
    #expect(Extent.broadcast(a, b).hashValue == Extent.broadcast(b, a).hashValue)
    for x in parts {
      for y in parts {
        let pair = Extent.broadcast(x, y)
        #expect(Extent.broadcast(pair, x) == pair && Extent.broadcast(y, pair) == pair)
        for z in parts {
          #expect(Extent.broadcast(pair, z) == .broadcast(x, .broadcast(y, z)))
        }
      }
    }
    #expect(Extent.broadcast(.broadcast(a, b), .broadcast(3, c)) == 3)
    #expect(Extent.broadcast(.broadcast(a, b), c + 2) == c + 2)
    #expect(Extent.broadcast(a, b) - .broadcast(b, a) == 0)
  }

  @Test("It is never negative, and may be 0")
  func signs() {
    #expect(Extent.broadcast(a, b).isNonNegative)
    #expect(!Extent.broadcast(a, b).isPositive)
    #expect(!Extent.broadcast(a, b - 1).isNonNegative)
    #expect(Extent.broadcast(a, b).symbols == ["a", "b"])
    #expect(Extent.broadcast(a, b).solved(for: 3) == .undetermined)
  }
}
