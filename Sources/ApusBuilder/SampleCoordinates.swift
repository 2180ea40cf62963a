internal import ApusTensor

/// Where a large result is looked at: corners, both ends of each axis, where windows reach over
/// padding, both sides of the edges that tiles of usual lengths have, then coordinates at random.
///
/// Edges are not asked of the tactic: one that is wrong may be wrong about them.
struct SampleCoordinates {
  /// Samples of a result that has more elements.
  static let count = 1024

  /// Samples at each end of an axis with the other axes anywhere.
  private static let samplesPerEnd = 12

  /// Lengths along an axis that kernels cut results into.
  private static let tiles = [
    4, 6, 8, 12, 14, 16, 24, 28, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024,
  ]

  /// Distinct coordinates of `shape`, all of them where there are few.
  static func choose(_ shape: [Int], seed: UInt64 = 7) -> [[Int]] {
    guard let total = Array.product(shape), total > 0 else { return [] }
    if total <= count {
      return (0..<total).map { coordinate(of: $0, in: shape) }
    }
    var random = ProbeValues(seed: seed)
    var seen: Set<[Int]> = []
    var result: [[Int]] = []
    func add(_ coordinate: [Int]) {
      if result.count < count, seen.insert(coordinate).inserted { result.append(coordinate) }
    }
    let edges = shape.map(edges)
    // Corners; beyond six axes only those of the last six.
    let cornered = Array(shape.indices.suffix(6))
    for corner in 0..<(1 << cornered.count) {
      var coordinate = [Int](repeating: 0, count: shape.count)
      for (bit, axis) in cornered.enumerated() where corner >> bit & 1 == 1 {
        coordinate[axis] = shape[axis] - 1
      }
      add(coordinate)
    }
    for axis in shape.indices {
      for end in [0, shape[axis] - 1] {
        for _ in 0..<samplesPerEnd {
          var coordinate = shape.map { random.below($0) }
          coordinate[axis] = end
          add(coordinate)
        }
      }
    }
    // Each edge with the other axes at their ends, on edges of their own, and anywhere.
    for round in 0..<(edges.map(\.count).max() ?? 0) {
      for axis in shape.indices where round < edges[axis].count {
        let edge = edges[axis][round]
        for others in [
          shape.map { $0 - 1 }, shape.map { _ in 0 },
          edges.map { $0[random.below($0.count)] }, shape.map { random.below($0) },
        ] {
          var coordinate = others
          coordinate[axis] = edge
          add(coordinate)
        }
      }
    }
    while result.count < count { add(shape.map { random.below($0) }) }
    return result
  }

  /// Distinct indices beside the ends and the tile edges of an axis: the ends, the last edge of each
  /// tile length, then the first.
  static func edges(_ extent: Int) -> [Int] {
    var indices = [extent - 1, 0, extent - 2, 1]
    let usual = tiles.filter { $0 < extent }
    for tile in usual { indices += [extent / tile * tile - 1, extent / tile * tile] }
    for tile in usual { indices += [tile - 1, tile] }
    var seen: Set<Int> = []
    return indices.filter { $0 >= 0 && $0 < extent && seen.insert($0).inserted }
  }

  private static func coordinate(of index: Int, in shape: [Int]) -> [Int] {
    var rest = index
    var result = [Int](repeating: 0, count: shape.count)
    for axis in shape.indices.reversed() {
      result[axis] = rest % shape[axis]
      rest /= shape[axis]
    }
    return result
  }
}
