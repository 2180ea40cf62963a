package import ApusTensor

/// The class that each row of scores stands for, as its number (int64).
///
/// Operands: `scores` of shape [n, c], real, and optionally `voted`, bool of the same shape, false
/// for classes that cannot win. The highest score wins, of equal ones the first. With one column the
/// class is 1 where the score is over `threshold`, and 0 elsewhere. Where no class can win, and where
/// there is none, the answer is 0. Source: ONNX-ML classifiers.
package struct ClassDecision: Operator {
  package static let name = "class_decision"
  package static let operandNames = ["scores", "voted"]
  package static var fields: [Field<Self>] { [Field("threshold", \.threshold)] }

  package var threshold = 0.0

  package init() {}
  package init(threshold: Double) { self.threshold = threshold }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...2)
    _ = try operands.require(0, arithmetic: [.real])
    let scores = try operands.require(0, rank: 2)
    if operands[1] != nil {
      _ = try operands.require(1, element: [.bool])
      _ = try operands.require(1, rank: 2)
    }
    guard let extents = scores.type.extents else { return [Fact(.int64, [.unknown])] }
    return [Fact(.int64, [extents[0]])]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let scores = try operands.tensor(0)
    let voted = try operands.optional(1)?.decodedBooleans()
    let values = try scores.decodedReals()
    guard scores.rank == 2, voted == nil || voted?.count == values.count else {
      throw .value("scores and votes are no tables of one shape")
    }
    let (rows, columns) = (scores.shape[0], scores.shape[1])
    var classes: [Int64] = []
    for row in 0..<rows {
      let first = row * columns
      if columns == 1 {
        classes.append(values[first] > threshold ? 1 : 0)
        continue
      }
      var best: Int?
      for index in first..<(first + columns) where voted?[index] ?? true {
        if let place = best, !(values[index] > values[place]) { continue }
        best = index
      }
      classes.append(Int64((best ?? first) - first))
    }
    return [try .make(.int64, [rows], .signed(classes))]
  }
}
