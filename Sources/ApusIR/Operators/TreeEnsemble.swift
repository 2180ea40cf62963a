package import ApusTensor

/// How the votes of the trees for one target become its score.
package enum VoteAggregate: String, FieldKind, CaseIterable {
  case sum, average, minimum, maximum
}

/// Decision trees, whose leaves vote for targets.
///
/// Operands, tables being int32 vectors unless stated otherwise:
/// - `data`: real, [n, f], or [f] for one row;
/// - `nodes`: int32 [nodes, 4]: feature, comparison (`TreeForest.Comparison`, plus 8 where NaN goes to
///   the first child), and two children, the first for when it holds. A child c is node c, or leaf −1 − c;
///   a node's children stand behind it, so that every walk ends;
/// - `thresholds`: float32 or float64 [nodes]: what the feature is compared with;
/// - `roots`: where each tree starts, in the form of a child;
/// - `leaves`: [leaves + 1]: where the votes of each leaf start, and where the last ones end;
/// - `targets` and `weights` (float32 or float64): the votes;
/// - `base`, optional: [targets], added to the scores.
///
/// Results: the scores [n, targets] in the element type of the data, 0 for a target without votes but
/// for its base; and whether a target had votes (bool). Source: ONNX-ML TreeEnsemble-5.
package struct TreeEnsemble: Operator {
  package static let name = "tree_ensemble"
  package static let operandNames = [
    "data", "nodes", "thresholds", "roots", "leaves", "targets", "weights", "base",
  ]
  package static var fields: [Field<Self>] {
    [Field("aggregate", \.aggregate), Field("targetCount", \.targetCount)]
  }

  package var aggregate = VoteAggregate.sum
  package var targetCount = 1

  package init() {}
  package init(aggregate: VoteAggregate, targetCount: Int) {
    self.aggregate = aggregate
    self.targetCount = targetCount
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(7...8)
    let data = try operands.require(0, arithmetic: [.real])
    _ = try operands.require(1, element: [.int32])
    for index in [3, 4, 5] { _ = try operands.require(index, element: [.int32]) }
    for index in [2, 6] { _ = try operands.require(index, element: [.float32, .float64]) }
    if operands[7] != nil { _ = try operands.require(7, element: [.float32, .float64]) }
    guard targetCount > 0 else {
      throw .invalid(field: "targetCount", reason: "\(targetCount) targets")
    }
    var rows = Extent.unknown
    if let extents = data.type.extents {
      guard extents.count == 1 || extents.count == 2 else {
        throw .rank(operand: "data", found: extents.count, expected: "1 or 2")
      }
      rows = extents.count == 1 ? 1 : extents[0]
    }
    let shape = [rows, .fixed(targetCount)]
    return [Fact(data.element, shape), Fact(.bool, shape)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    guard data.rank == 1 || data.rank == 2 else {
      throw .type(.rank(operand: "data", found: data.rank, expected: "1 or 2"))
    }
    let forest = try TreeForest(
      nodes: operands.tensor(1), thresholds: operands.tensor(2), leaves: operands.tensor(4),
      targets: operands.tensor(5), weights: operands.tensor(6))
    let roots = try operands.tensor(3).decodedIntegers()
    let base = try operands.optional(7)?.decodedReals()
    if let base, base.count != targetCount {
      throw .value("\(base.count) base values for \(targetCount) targets")
    }
    let columns = data.shape[data.rank - 1]
    let rows = data.rank == 1 ? 1 : data.shape[0]
    let (count, overflow) = rows.multipliedReportingOverflow(by: targetCount)
    guard !overflow, count <= 1 << 31 else { throw .limit("\(rows) rows of \(targetCount) scores") }
    let values = try data.decodedReals()
    var scores = [Double](repeating: 0, count: count)
    var voted = [Bool](repeating: false, count: count)
    for row in 0..<rows {
      let features = values[(row * columns)..<((row + 1) * columns)]
      let first = row * targetCount
      for root in roots {
        let leaf = try forest.leaf(from: root, features)
        for vote in try forest.votes(of: leaf) {
          let (target, weight) = try forest.vote(vote, targets: targetCount)
          add(weight, to: &scores[first + target], &voted[first + target])
        }
      }
      for target in 0..<targetCount {
        if aggregate == .average { scores[first + target] /= Double(roots.count) }
        scores[first + target] += base?[target] ?? 0
      }
    }
    let shape = [rows, targetCount]
    return [
      try .make(data.element, shape, .real(scores)), try .make(.bool, shape, .boolean(voted)),
    ]
  }

  private func add(_ weight: Double, to score: inout Double, _ voted: inout Bool) {
    switch aggregate {
    case .sum, .average: score += weight
    case .minimum: score = voted ? min(score, weight) : weight
    case .maximum: score = voted ? max(score, weight) : weight
    }
    voted = true
  }
}
