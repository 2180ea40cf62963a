package import ApusTensor

/// Picks boxes by score and leaves out those that overlap a better one of their class too much.
///
/// Operands `boxes` [batch, boxes, 4], `scores` [batch, classes, boxes], optional `limit` (int64 boxes
/// per class, 0 where missing), optional `overlap` (intersection over union above which a box goes, 0
/// where missing), optional `threshold` (scores up to it do not count). The result is int64 [picked,
/// 3]: batch, class, box. Source: ONNX NonMaxSuppression-11.
package struct SuppressNonMaximum: Operator {
  package static let name = "suppress_non_maximum"
  package static let operandNames = ["boxes", "scores", "limit", "overlap", "threshold"]
  package static var fields: [Field<Self>] { [Field("centered", \.centered)] }

  /// Whether boxes are given as centre, width and height, not as two corners.
  package var centered = false

  package init() {}
  package init(centered: Bool) { self.centered = centered }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...5)
    for index in 0..<2 {
      _ = try operands.require(index, arithmetic: [.real])
      _ = try operands.require(index, rank: 3)
    }
    if operands[2] != nil { _ = try operands.require(2, element: [.int64]) }
    for index in 3..<5 where operands[index] != nil {
      _ = try operands.require(index, arithmetic: [.real])
    }
    return [Fact(.int64, [.unknown, 3])]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let boxes = try operands.tensor(0)
    let scores = try operands.tensor(1)
    guard boxes.shape[2] == 4, boxes.shape[0] == scores.shape[0], boxes.shape[1] == scores.shape[2]
    else { throw .value("boxes \(boxes.shape) do not fit scores \(scores.shape)") }
    let limit = try operands.optional(2)?.decodedIntegers().first ?? 0
    let overlap = try operands.optional(3)?.decodedReals().first ?? 0
    let threshold = try operands.optional(4)?.decodedReals().first ?? -.infinity
    let corners = try boxes.decodedReals()
    let values = try scores.decodedReals()
    let count = boxes.shape[1]
    var picked: [Int64] = []
    for image in 0..<boxes.shape[0] {
      let all = (0..<count).map { Box(corners[((image * count + $0) * 4)...], centered) }
      for kind in 0..<scores.shape[1] {
        let start = (image * scores.shape[1] + kind) * count
        let order = (0..<count).filter { values[start + $0] > threshold }.sorted {
          values[start + $0] > values[start + $1]
            || values[start + $0] == values[start + $1] && $0 < $1
        }
        var kept: [Int] = []
        for box in order where kept.count < limit {
          if kept.allSatisfy({ all[$0].overlap(all[box]) <= overlap }) { kept.append(box) }
        }
        for box in kept { picked += [Int64(image), Int64(kind), Int64(box)] }
      }
    }
    return [try .make(.int64, [picked.count / 3, 3], .signed(picked))]
  }
}

private struct Box {
  let low: (Double, Double)
  let high: (Double, Double)

  /// Four numbers: corners in any order, or centre, width and height.
  init(_ numbers: ArraySlice<Double>, _ centered: Bool) {
    let n = Array(numbers.prefix(4))
    if centered {
      low = (n[0] - n[2] / 2, n[1] - n[3] / 2)
      high = (n[0] + n[2] / 2, n[1] + n[3] / 2)
    } else {
      low = (min(n[0], n[2]), min(n[1], n[3]))
      high = (max(n[0], n[2]), max(n[1], n[3]))
    }
  }

  private var area: Double { (high.0 - low.0) * (high.1 - low.1) }

  /// Intersection over union.
  func overlap(_ other: Box) -> Double {
    let width = min(high.0, other.high.0) - max(low.0, other.low.0)
    let height = min(high.1, other.high.1) - max(low.1, other.low.1)
    guard width > 0, height > 0 else { return 0 }
    let shared = width * height
    let whole = area + other.area - shared
    return whole > 0 ? shared / whole : 0
  }
}
