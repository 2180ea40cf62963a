internal import CApusPlatform
package import ApusTensor

/// How a support vector machine compares two vectors.
package enum KernelFunction: String, FieldKind, CaseIterable {
  /// x · v
  case linear
  /// (γ x · v + c)ᵈ
  case polynomial
  /// exp(−γ |x − v|²)
  case radial
  /// tanh(γ x · v + c)
  case sigmoid
}

/// Compares every row with every support vector.
///
/// Operands `data` [n, f] and `vectors` [s, f], real, of one element type, which the result [n, s] has.
/// Source: ONNX-ML SVMClassifier-1 and libsvm's kernels.
package struct KernelSimilarity: Operator {
  package static let name = "kernel_similarity"
  package static let operandNames = ["data", "vectors"]
  package static var fields: [Field<Self>] {
    [
      Field("function", \.function), Field("gamma", \.gamma), Field("offset", \.offset),
      Field("degree", \.degree),
    ]
  }

  package var function = KernelFunction.linear
  package var gamma = 0.0
  package var offset = 0.0
  package var degree = 0.0

  package init() {}
  package init(_ function: KernelFunction, gamma: Double, offset: Double, degree: Double) {
    self.function = function
    self.gamma = gamma
    self.offset = offset
    self.degree = degree
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    _ = try operands.require(0, arithmetic: [.real])
    _ = try operands.require(1, sameElementAs: 0)
    let data = try operands.require(0, rank: 2)
    let vectors = try operands.require(1, rank: 2)
    let left = data.type.extents
    let right = vectors.type.extents
    if let a = left?[1].fixed, let b = right?[1].fixed, a != b {
      throw .extents(operand: "data", found: .fixed(a), expected: .fixed(b))
    }
    return [Fact(data.element, [left?[0] ?? .unknown, right?[0] ?? .unknown])]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let vectors = try operands.tensor(1)
    guard data.rank == 2, vectors.rank == 2, data.shape[1] == vectors.shape[1] else {
      throw .value("data of shape \(data.shape), vectors of shape \(vectors.shape)")
    }
    let length = data.shape[1]
    let x = try data.decodedReals()
    let v = try vectors.decodedReals()
    var values: [Double] = []
    for row in 0..<data.shape[0] {
      for column in 0..<vectors.shape[0] {
        var product = 0.0
        var distance = 0.0
        for index in 0..<length {
          let (a, b) = (x[row * length + index], v[column * length + index])
          product += a * b
          distance += (a - b) * (a - b)
        }
        values.append(apply(product, distance))
      }
    }
    return [try .make(data.element, [data.shape[0], vectors.shape[0]], .real(values))]
  }

  private func apply(_ product: Double, _ distance: Double) -> Double {
    switch function {
    case .linear: product
    case .polynomial: apus_pow(gamma * product + offset, degree)
    case .radial: apus_exp(-gamma * distance)
    case .sigmoid: apus_tanh(gamma * product + offset)
    }
  }
}
