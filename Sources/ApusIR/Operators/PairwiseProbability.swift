internal import ApusLoops
package import ApusTensor

/// Class probabilities from decisions between every two of c classes.
///
/// Operands: `decisions` [n, c (c − 1) / 2] as `PairwiseDecision` gives them; `slopes` and `intercepts`,
/// one a pair, of the sigmoid 1 / (1 + exp(slope · decision + intercept)) that a pair's first class has
/// as its probability. They are coupled by the second method of Wu, Lin and Weng, "Probability
/// Estimates for Multi-class Classification by Pairwise Coupling", 2004. The result is [n, c].
package struct PairwiseProbability: Operator {
  package static let name = "pairwise_probability"
  package static let operandNames = ["decisions", "slopes", "intercepts"]
  package static var fields: [Field<Self>] { [Field("classes", \.classes)] }

  package var classes = 2

  package init() {}
  package init(classes: Int) { self.classes = classes }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...3)
    _ = try operands.require(0, arithmetic: [.real])
    let decisions = try operands.require(0, rank: 2)
    for index in [1, 2] { _ = try operands.require(index, sameElementAs: 0) }
    guard (1..<(1 << 12)).contains(classes) else {
      throw .invalid(field: "classes", reason: "\(classes) classes")
    }
    return [
      Fact(decisions.element, [decisions.type.extents?[0] ?? .unknown, .fixed(classes)])
    ]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let decisions = try operands.tensor(0)
    let slopes = try operands.tensor(1).decodedReals()
    let intercepts = try operands.tensor(2).decodedReals()
    let pairs = classes * (classes - 1) / 2
    guard decisions.rank == 2, decisions.shape[1] == pairs, slopes.count == pairs,
      intercepts.count == pairs
    else {
      throw .value("decisions of shape \(decisions.shape) for \(classes) classes")
    }
    let values = try decisions.decodedReals()
    var probabilities: [Double] = []
    for row in 0..<decisions.shape[0] {
      var wins = [Double](repeating: 0, count: classes * classes)
      var pair = 0
      for first in 0..<classes {
        for second in (first + 1)..<max(classes, first + 1) {
          let score = values[row * pairs + pair] * slopes[pair] + intercepts[pair]
          let chance = min(max(1 - Unary.apply(.sigmoid, score), 1e-7), 1 - 1e-7)
          wins[first * classes + second] = chance
          wins[second * classes + first] = 1 - chance
          pair += 1
        }
      }
      probabilities += coupled(wins)
    }
    return [
      try .make(decisions.element, [decisions.shape[0], classes], .real(probabilities))
    ]
  }

  /// Minimises Σᵢ Σⱼ (rⱼᵢ pᵢ − rᵢⱼ pⱼ)² over probabilities p.
  private func coupled(_ r: [Double]) -> [Double] {
    let count = classes
    var q = [Double](repeating: 0, count: count * count)
    for i in 0..<count {
      for j in 0..<count where j != i {
        q[i * count + i] += r[j * count + i] * r[j * count + i]
        q[i * count + j] = -r[j * count + i] * r[i * count + j]
      }
    }
    var p = [Double](repeating: 1 / Double(count), count: count)
    for _ in 0..<100 {
      var product = (0..<count).map { i in
        (0..<count).reduce(0) { $0 + q[i * count + $1] * p[$1] }
      }
      var total = (0..<count).reduce(0) { $0 + p[$1] * product[$1] }
      let error = product.map { ($0 - total).magnitude }.max() ?? 0
      if error < 0.005 / Double(count) { break }
      for i in 0..<count where q[i * count + i] != 0 {
        let step = (total - product[i]) / q[i * count + i]
        p[i] += step
        total =
          (total + step * (step * q[i * count + i] + 2 * product[i])) / ((1 + step) * (1 + step))
        for j in 0..<count {
          product[j] = (product[j] + step * q[i * count + j]) / (1 + step)
          p[j] /= 1 + step
        }
      }
    }
    return p
  }
}
