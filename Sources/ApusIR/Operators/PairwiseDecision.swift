package import ApusTensor

/// Decides between every two of c classes by a support vector machine.
///
/// Operands: `similarity` [n, s] of rows to support vectors; `coefficients` [c − 1, s] in libsvm's
/// layout: the vectors of class i have their coefficient against class j in row j − 1 for i < j, and in
/// row j for i > j; `offsets` [c (c − 1) / 2], one a pair; `sizes` (int64 [c]), the vectors of each
/// class. The result [n, c (c − 1) / 2] is positive where a pair's first class wins; pairs are in the
/// order (0, 1), (0, 2), …, (1, 2), …. Source: ONNX-ML SVMClassifier-1.
package struct PairwiseDecision: Operator {
  package static let name = "pairwise_decision"
  package static let operandNames = ["similarity", "coefficients", "offsets", "sizes"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(4...4)
    _ = try operands.require(0, arithmetic: [.real])
    for index in [1, 2] { _ = try operands.require(index, sameElementAs: 0) }
    let similarity = try operands.require(0, rank: 2)
    _ = try operands.require(1, rank: 2)
    let offsets = try operands.require(2, rank: 1)
    _ = try operands.require(3, element: [.int64])
    return [
      Fact(
        similarity.element,
        [similarity.type.extents?[0] ?? .unknown, offsets.type.extents?[0] ?? .unknown])
    ]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let similarity = try operands.tensor(0)
    let coefficients = try operands.tensor(1)
    let offsets = try operands.tensor(2).decodedReals()
    let sizes = try operands.tensor(3).decodedIntegers()
    guard similarity.rank == 2, coefficients.rank == 2, !sizes.isEmpty, sizes.count < 1 << 16,
      coefficients.shape == [sizes.count - 1, similarity.shape[1]],
      offsets.count == sizes.count * (sizes.count - 1) / 2
    else {
      throw .value(
        "coefficients of shape \(coefficients.shape) and \(offsets.count) offsets for "
          + "\(sizes.count) classes")
    }
    let vectors = similarity.shape[1]
    var starts = [0]
    for size in sizes {
      guard size >= 0, size <= vectors - starts[starts.count - 1] else {
        throw .value("the classes have more than \(vectors) vectors")
      }
      starts.append(starts[starts.count - 1] + size)
    }
    let k = try similarity.decodedReals()
    let a = try coefficients.decodedReals()
    var decisions: [Double] = []
    for row in 0..<similarity.shape[0] {
      func sum(_ one: Int, against line: Int) -> Double {
        (starts[one]..<starts[one + 1]).reduce(0) {
          $0 + a[line * vectors + $1] * k[row * vectors + $1]
        }
      }
      var pair = 0
      for first in sizes.indices {
        for second in (first + 1)..<max(sizes.count, first + 1) {
          decisions.append(
            sum(first, against: second - 1) + sum(second, against: first) + offsets[pair])
          pair += 1
        }
      }
    }
    return [
      try .make(similarity.element, [similarity.shape[0], offsets.count], .real(decisions))
    ]
  }
}
