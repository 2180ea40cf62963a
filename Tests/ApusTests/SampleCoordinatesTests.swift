import Testing

@testable import ApusBuilder

/// Where large results are looked at.
@Suite struct SampleCoordinatesTests {
  @Test func fewElementsAreAllTaken() {
    #expect(SampleCoordinates.choose([2, 3]).count == 6)
    #expect(SampleCoordinates.choose([]) == [[]])
    #expect(SampleCoordinates.choose([4, 0]).isEmpty)
    #expect(SampleCoordinates.choose([1025]).count == 1024)
  }

  @Test(arguments: [
    [1, 64, 112, 112], [257, 515], [8, 12, 384, 384], [3, 1, 100_000], [1 << 40, 3],
  ])
  func cornersAndEdgesOfEachAxis(shape: [Int]) {
    let chosen = SampleCoordinates.choose(shape)
    #expect(chosen.count == 1024)
    #expect(Set(chosen).count == 1024)
    #expect(chosen.allSatisfy { zip($0, shape).allSatisfy { $0 >= 0 && $0 < $1 } })
    #expect(chosen.contains(shape.map { _ in 0 }))
    #expect(chosen.contains(shape.map { $0 - 1 }))
    for axis in shape.indices {
      let seen = Set(chosen.map { $0[axis] })
      var others = shape
      others.remove(at: axis)
      let most = others.reduce(1) { min($0 * min($1, 12), 12) }
      for end in [0, shape[axis] - 1] { #expect(chosen.count { $0[axis] == end } >= most) }
      for tile in [6, 16] where tile < shape[axis] {
        let last = shape[axis] / tile * tile
        for edge in [last - 1, last] where edge < shape[axis] { #expect(seen.contains(edge)) }
      }
    }
  }

  @Test func edgesOfAnAxis() {
    #expect(SampleCoordinates.edges(1) == [0])
    #expect(SampleCoordinates.edges(3) == [2, 0, 1])
    #expect(Set(SampleCoordinates.edges(21)).isSuperset(of: [0, 1, 5, 6, 15, 16, 17, 18, 19, 20]))
  }
}
