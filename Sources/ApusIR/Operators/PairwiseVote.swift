package import ApusTensor

/// The class that wins most of its pairs, of equal ones the first.
///
/// Operand `decisions` [n, c (c − 1) / 2] as `PairwiseDecision` gives them; the result is int64 [n].
/// Source: ONNX-ML SVMClassifier-1.
package struct PairwiseVote: Operator {
  package static let name = "pairwise_vote"
  package static let operandNames = ["decisions"]
  package static var fields: [Field<Self>] { [Field("classes", \.classes)] }

  package var classes = 2

  package init() {}
  package init(classes: Int) { self.classes = classes }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    _ = try operands.require(0, arithmetic: [.real])
    let decisions = try operands.require(0, rank: 2)
    guard (1..<(1 << 16)).contains(classes) else {
      throw .invalid(field: "classes", reason: "\(classes) classes")
    }
    return [Fact(.int64, [decisions.type.extents?[0] ?? .unknown])]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let decisions = try operands.tensor(0)
    guard decisions.rank == 2, decisions.shape[1] == classes * (classes - 1) / 2 else {
      throw .value("decisions of shape \(decisions.shape) for \(classes) classes")
    }
    let values = try decisions.decodedReals()
    var winners: [Int64] = []
    var next = 0
    for _ in 0..<decisions.shape[0] {
      var votes = [Int](repeating: 0, count: classes)
      for first in 0..<classes {
        for second in (first + 1)..<max(classes, first + 1) {
          votes[values[next] > 0 ? first : second] += 1
          next += 1
        }
      }
      winners.append(Int64(votes.firstIndex(of: votes.max() ?? 0) ?? 0))
    }
    return [try .make(.int64, [decisions.shape[0]], .signed(winners))]
  }
}
