internal import ApusLoops
internal import CApusPlatform
package import ApusTensor

/// What becomes of the scores of a model.
package enum ScoreFunction: String, FieldKind, CaseIterable {
  case none
  case softmax
  case logistic
  /// Softmax over the scores other than zero; zeros stay.
  case softmaxOfNonzero
  /// The quantile of the normal distribution.
  case probit
}

/// How two scores are made of a single one.
package enum SecondScore: String, FieldKind, CaseIterable {
  case none
  /// s gives 1 − s and s.
  case complement
  /// s gives −s and s.
  case opposite
}

/// Applies a function to every row of scores.
///
/// Operand `scores`: real, of shape [n, c]. With a `second` score a single column becomes two; then
/// logistic gives σ(−s) and σ(s), and softmax leaves the two as they are. Probit uses Winitzki's
/// approximation of the inverse error function, as ONNX does. Source: ONNX-ML `post_transform`.
package struct ScoreTransform: Operator {
  package static let name = "score_transform"
  package static let operandNames = ["scores"]
  package static var fields: [Field<Self>] {
    [Field("function", \.function), Field("second", \.second)]
  }

  package var function = ScoreFunction.none
  package var second = SecondScore.none

  package init() {}
  package init(_ function: ScoreFunction, second: SecondScore = .none) {
    self.function = function
    self.second = second
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    _ = try operands.require(0, arithmetic: [.real])
    let scores = try operands.require(0, rank: 2)
    guard let extents = scores.type.extents else {
      return [Fact(scores.element, [.unknown, .unknown])]
    }
    guard second != .none else { return [Fact(scores.type)] }
    guard let columns = extents[1].fixed else {
      return [Fact(scores.element, [extents[0], .unknown])]
    }
    return [Fact(scores.element, [extents[0], .fixed(columns == 1 ? 2 : columns)])]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let scores = try operands.tensor(0)
    let values = try scores.decodedReals()
    guard scores.rank == 2 else {
      throw .type(.rank(operand: "scores", found: scores.rank, expected: "2"))
    }
    let (rows, columns) = (scores.shape[0], scores.shape[1])
    let width = columns == 1 && second != .none ? 2 : columns
    var transformed: [Double] = []
    for row in 0..<rows {
      transformed += apply(Array(values[(row * columns)..<((row + 1) * columns)]))
    }
    return [try .make(scores.element, [rows, width], .real(transformed))]
  }

  private func apply(_ row: [Double]) -> [Double] {
    guard row.count == 1, second != .none else { return row.isEmpty ? row : transform(row) }
    let score = row[0]
    let pair = [second == .complement ? 1 - score : -score, score]
    switch function {
    case .none, .softmax, .softmaxOfNonzero: return pair
    case .logistic: return transform([-score, score])
    case .probit: return transform(pair)
    }
  }

  private func transform(_ row: [Double]) -> [Double] {
    switch function {
    case .none: return row
    case .logistic: return row.map { Unary.apply(.sigmoid, $0) }
    case .probit: return row.map(Self.probit)
    case .softmax: return Self.softmax(row) { _ in true }
    case .softmaxOfNonzero: return Self.softmax(row) { $0.magnitude > 1e-7 }
    }
  }

  /// Shares of the exponentials of those that count; the others go in scaled alike.
  private static func softmax(_ row: [Double], _ counts: (Double) -> Bool) -> [Double] {
    let top = row.max() ?? 0
    let shares = row.map { counts($0) ? apus_exp($0 - top) : $0 * apus_exp(-top) }
    let sum = zip(row, shares).reduce(0) { counts($1.0) ? $0 + $1.1 : $0 }
    return shares.map { $0 / sum }
  }

  /// √2 · erf⁻¹(2x − 1); S. Winitzki, "A handy approximation for the error function", 2008.
  private static func probit(_ x: Double) -> Double {
    let y = 2 * x - 1
    let log = apus_log((1 - y) * (1 + y))
    let half = 2 / (Double.pi * 0.147) + 0.5 * log
    let root = (-half + (half * half - log / 0.147).squareRoot()).squareRoot()
    return 2.0.squareRoot() * (y < 0 ? -root : root)
  }
}
