internal import CApusPlatform
package import ApusTensor

/// Attention without softmax: per head a state S of [key size, value size] runs along the sequence.
///
/// With decay g and update rate β, each step computes S ← exp(g) · S, then v ← β · (v − Sᵀ k) where a
/// rate is given, then S ← S + k vᵀ and y = scale · Sᵀ q.
///
/// Operands `query` [batch, sequence, queryHeads · k], `key` [.., keyHeads · k], `value`
/// [.., keyHeads · v] of one real type, optional `state` [batch, keyHeads, k, v], `decay`
/// [.., keyHeads] or [.., keyHeads · k], `rate` [.., keyHeads] or [.., 1]. Results: the output
/// [.., queryHeads · v] in the query's type, and the last state in its own. Neighbouring query heads
/// share a key head. Sources: Yang et al. 2024 (gated delta networks); ONNX LinearAttention-27.
package struct LinearAttention: Operator {
  package static let name = "linear_attention"
  package static let operandNames = ["query", "key", "value", "state", "decay", "rate"]
  package static var fields: [Field<Self>] {
    [
      Field("queryHeads", \.queryHeads), Field("keyHeads", \.keyHeads), Field("scale", \.scale),
    ]
  }

  package var queryHeads = 1
  package var keyHeads = 1
  /// 1 / √(key size) where nil.
  package var scale: Double?

  package init() {}
  package init(queryHeads: Int, keyHeads: Int, scale: Double? = nil) {
    self.queryHeads = queryHeads
    self.keyHeads = keyHeads
    self.scale = scale
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...6)
    guard keyHeads > 0, queryHeads > 0, queryHeads % keyHeads == 0 else {
      throw .invalid(
        field: "queryHeads", reason: "\(queryHeads) is no multiple of \(keyHeads) key heads")
    }
    let query = try operands.require(0, arithmetic: [.real])
    for index in 1..<6 where operands[index] != nil || index < 3 {
      _ = try operands.require(index, arithmetic: [.real])
      _ = try operands.require(index, rank: index == 3 ? 4 : 3)
    }
    _ = try operands.require(0, rank: 3)
    let key = try operands.require(1)
    let value = try operands.require(2)
    let stateElement = operands[3]?.element ?? query.element
    var output = Shape.unranked
    var state = operands[3]?.shape ?? .unranked
    if let q = query.type.extents, let v = value.type.extents {
      let size = try headSize(v[2], keyHeads, "value")
      output = .ranked([q[0], q[1], size * .fixed(queryHeads)])
      if let k = key.type.extents {
        let depth = try headSize(k[2], keyHeads, "key")
        if let a = try headSize(q[2], queryHeads, "query").fixed, let b = depth.fixed, a != b {
          throw .extents(operand: "key", found: depth, expected: .fixed(a))
        }
        if operands[3] == nil { state = .ranked([q[0], .fixed(keyHeads), depth, size]) }
      }
    }
    return [
      Fact(TensorType(query.element, output)), Fact(TensorType(stateElement, state)),
    ]
  }

  private func headSize(
    _ extent: Extent, _ heads: Int, _ operand: String
  ) throws(TypeError) -> Extent {
    if let number = extent.fixed, number % heads != 0 {
      throw .invalid(field: operand, reason: "\(number) does not split into \(heads) heads")
    }
    return extent.floorDivided(by: .fixed(heads))
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let query = try operands.tensor(0)
    let key = try operands.tensor(1)
    let value = try operands.tensor(2)
    let shape = try results.fixedShape(0)
    let stateShape = try results.fixedShape(1)
    let (batch, steps) = (shape[0], shape[1])
    let (depth, width) = (stateShape[2], stateShape[3])
    if Array.product(shape) == 0 && Array.product(stateShape) == 0 {
      return [
        try .make(query.element, shape, .real([])),
        try .make(results[1].element, stateShape, .real([])),
      ]
    }
    guard Array.product([batch, steps, queryHeads, max(depth, width)]) != nil else {
      throw .type(.extentOutOfRange(results[0]))
    }
    let q = try query.decodedReals()
    let k = try key.decodedReals()
    let v = try value.decodedReals()
    let decay = try operands.optional(4)?.decodedReals()
    let rate = try operands.optional(5)?.decodedReals()
    let decays = operands.optional(4)?.shape.last ?? 0
    let rates = operands.optional(5)?.shape.last ?? 0
    var state =
      try operands.optional(3)?.decodedReals()
      ?? Array(repeating: 0, count: Array.product(stateShape) ?? 0)
    let rows = batch * steps
    guard stateShape[0] == batch, stateShape[1] == keyHeads,
      q.count == rows * queryHeads * depth, k.count == rows * keyHeads * depth,
      v.count == rows * keyHeads * width, state.count == batch * keyHeads * depth * width,
      decay == nil || decays == keyHeads || decays == keyHeads * depth,
      decay == nil || decay?.count == rows * decays,
      rate == nil || rates == keyHeads || rates == 1, rate == nil || rate?.count == rows * rates
    else {
      throw .type(.invalid(field: "query", reason: "the operands' shapes do not fit together"))
    }
    let scale = self.scale ?? (depth > 0 ? 1 / Double(depth).squareRoot() : 1)
    let group = queryHeads / keyHeads
    var output = [Double](repeating: 0, count: rows * queryHeads * width)
    for image in 0..<batch {
      for step in 0..<steps {
        let row = image * steps + step
        for head in 0..<keyHeads {
          let base = (image * keyHeads + head) * depth * width
          let keys = (row * keyHeads + head) * depth
          if let decay {
            for i in 0..<depth {
              let place = decays == keyHeads ? head : head * depth + i
              let factor = apus_exp(decay[row * decays + place])
              for j in 0..<width { state[base + i * width + j] *= factor }
            }
          }
          for j in 0..<width {
            var update = v[(row * keyHeads + head) * width + j]
            if let rate {
              for i in 0..<depth { update -= state[base + i * width + j] * k[keys + i] }
              update *= rate[row * rates + (rates == 1 ? 0 : head)]
            }
            for i in 0..<depth { state[base + i * width + j] += k[keys + i] * update }
            for member in 0..<group {
              let own = row * queryHeads + head * group + member
              var sum = 0.0
              for i in 0..<depth { sum += state[base + i * width + j] * q[own * depth + i] }
              output[own * width + j] = scale * sum
            }
          }
        }
      }
    }
    return [
      try .make(query.element, shape, .real(output)),
      try .make(results[1].element, stateShape, .real(state)),
    ]
  }
}
