internal import ApusLoops
internal import CApusPlatform

/// A function inside a recurrent cell, with up to two parameters. Source: ONNX LSTM-22.
package enum RecurrentActivation: String, Sendable, CaseIterable {
  case relu, tanh, sigmoid, affine, leakyRelu, thresholdedRelu, scaledTanh, hardSigmoid, elu
  case softsign, softplus

  /// The parameters where a model gives none; nil where the function has no such parameter.
  package var defaults: (alpha: Double?, beta: Double?) {
    switch self {
    case .relu, .tanh, .sigmoid, .softsign, .softplus: (nil, nil)
    case .affine: (1, 0)
    case .leakyRelu: (Double(Float(0.01)), nil)
    case .thresholdedRelu, .elu: (1, nil)
    case .scaledTanh: (1, 1)
    case .hardSigmoid: (Double(Float(0.2)), 0.5)
    }
  }

  package func callAsFunction(_ x: Double, _ alpha: Double, _ beta: Double) -> Double {
    switch self {
    case .relu: x.isNaN ? x : max(x, 0)
    case .tanh: apus_tanh(x)
    case .sigmoid: Unary.apply(.sigmoid, x)
    case .affine: alpha * x + beta
    case .leakyRelu: x < 0 ? alpha * x : x
    case .thresholdedRelu: x >= alpha ? x : 0
    case .scaledTanh: alpha * apus_tanh(beta * x)
    case .hardSigmoid: min(max(alpha * x + beta, 0), 1)
    case .elu: x < 0 ? alpha * (apus_exp(x) - 1) : x
    case .softsign: x / (1 + x.magnitude)
    case .softplus: max(x, 0) + apus_log(1 + apus_exp(-x.magnitude))
    }
  }
}
