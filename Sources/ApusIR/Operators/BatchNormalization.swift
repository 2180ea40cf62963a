package import ApusTensor

/// Normalises every channel by given statistics:
/// y = (x − mean) / √(variance + epsilon) · scale + bias, channel being axis 1.
///
/// Operands `data` [batch, channels, …], then `scale`, `bias`, `mean`, `variance` [channels].
/// Source: Ioffe & Szegedy 2015; ONNX BatchNormalization-15 in inference.
package struct BatchNormalization: Operator {
  package static let name = "batch_normalization"
  package static let operandNames = ["data", "scale", "bias", "mean", "variance"]
  package static var fields: [Field<Self>] { [Field("epsilon", \.epsilon)] }

  package var epsilon = 1e-5

  package init() {}
  package init(epsilon: Double) { self.epsilon = epsilon }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(5...5)
    let data = try operands.require(0, arithmetic: [.real])
    for index in 1...4 {
      _ = try operands.require(index, arithmetic: [.real])
      let parameter = try operands.require(index, rank: 1)
      if let channels = data.type.extents.flatMap({ $0.count > 1 ? $0[1].fixed : nil }),
        let found = parameter.type.extents?.first?.fixed, found != channels
      {
        throw .extents(
          operand: operands.name(index), found: .fixed(found), expected: .fixed(channels))
      }
    }
    return [Fact(data.type)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let scale = try operands.tensor(1).decodedReals()
    let bias = try operands.tensor(2).decodedReals()
    let mean = try operands.tensor(3).decodedReals()
    let variance = try operands.tensor(4).decodedReals()
    var values = try data.decodedReals()
    let channels = data.rank > 1 ? data.shape[1] : 1
    guard [scale, bias, mean, variance].allSatisfy({ $0.count == channels }) else {
      throw .type(.invalid(field: "scale", reason: "parameters need \(channels) entries"))
    }
    let inner = Array.product(Array(data.shape.dropFirst(2))) ?? 0
    for index in values.indices {
      let channel = index / max(inner, 1) % channels
      let normal = (values[index] - mean[channel]) / (variance[channel] + epsilon).squareRoot()
      values[index] = normal * scale[channel] + bias[channel]
    }
    return [try data.replacing(.real(values))]
  }
}
