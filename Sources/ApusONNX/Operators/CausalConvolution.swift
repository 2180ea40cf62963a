internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// CausalConvWithState: a depth-wise convolution over what came before and the new positions.
enum CausalConvolution {
  static func convolution(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...4)
    let swishes = try attributes.choice(
      "activation", default: false, [("none", false), ("silu", true), ("swish", true)])
    let data = try context.operand(0, "input")
    let weight = try context.operand(1, "weight")
    guard
      let channels = context.fact(weight).type.extents?.first?.fixed
        ?? context.fact(data).type.extents.flatMap({ $0.count == 3 ? $0[1].fixed : nil }),
      channels > 0
    else { throw .unsupported("an unknown number of channels", .operand("weight")) }
    let past: ValueID
    if let given = context.optional(3) {
      past = given
    } else {
      let length = try context.binary(.subtract, try context.extent(2, of: weight), 1)
      past = try context.filled(
        0, context.element(data),
        try context.joined([try context.extents(of: data, from: 0, to: 2), length]))
    }
    let all = try context.concatenated([past, data], axis: 2)
    var operation = Convolution()
    operation.group = channels
    var operands: [ValueID?] = [all, weight]
    if let bias = context.optional(2) {
      operation.hasBias = true
      operands.append(bias)
    }
    var result = try context.add(operation, operands)[0]
    if swishes { result = try Gating.swish(context, result, alpha: 1) }
    let present = try context.one(
      Slice(), all, try context.extent(2, of: data), try context.vector([.max]),
      try context.vector([2]))
    return [result, present]
  }
}
