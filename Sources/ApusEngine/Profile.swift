/// A range of input shapes to tune for: TensorRT's optimisation profile.
package struct Profile: Hashable, Sendable {
  package struct Range: Hashable, Sendable {
    package var minimum: [Int]
    package var optimum: [Int]
    package var maximum: [Int]

    package init(minimum: [Int], optimum: [Int], maximum: [Int]) {
      self.minimum = minimum
      self.optimum = optimum
      self.maximum = maximum
    }
  }

  /// By input name; inputs with fixed shapes need no entry.
  package var inputs: [String: Range]

  /// The most profiles of a plan; more in a file are refused.
  package static let limit = 16

  package init(inputs: [String: Range]) { self.inputs = inputs }

  /// How far shapes lie outside the ranges, and how far from the optima: the sums over dimensions
  /// of how many times larger one extent is than the other, less one.
  package func distance(to shapes: [String: [Int]]) -> (outside: Double, fromOptimum: Double) {
    var outside = 0.0
    var fromOptimum = 0.0
    for (name, range) in inputs {
      guard let shape = shapes[name], shape.count == range.optimum.count,
        range.minimum.count == shape.count, range.maximum.count == shape.count
      else { continue }
      for (axis, extent) in shape.enumerated() {
        let nearest = min(max(extent, range.minimum[axis]), range.maximum[axis])
        outside += Self.ratio(extent, nearest)
        fromOptimum += Self.ratio(extent, range.optimum[axis])
      }
    }
    return (outside, fromOptimum)
  }

  /// Extents count from 1 here, so that 0 is as far from 1 as 1 from 3.
  private static func ratio(_ a: Int, _ b: Int) -> Double {
    let (low, high) = (Double(min(a, b)) + 1, Double(max(a, b)) + 1)
    return high / max(low, 1) - 1
  }
}
