internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Products of domain com.microsoft with something fused: FusedMatMul, FusedGemm, FusedConv and their
/// like. Source: ONNX Runtime, ContribOperators.md.
enum FusedProducts {
  static func matMul(activated: Bool, batches: Bool) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(2)
      let left = try context.operand(0, "A")
      let right = try context.operand(1, "B")
      let operation = MatMul(
        leftPermutation: try permutation(context, &attributes, left, "A", batches),
        rightPermutation: try permutation(context, &attributes, right, "B", batches))
      let alpha = try attributes.real("alpha", default: 1)
      var result = try context.one(operation, left, right)
      if alpha != 1 { result = try context.binary(.multiply, result, alpha) }
      guard activated else { return [result] }
      if try attributes.text("activation") == "Softmax" {
        let axis = try attributes.integer("activation_axis", default: -1)
        return [try context.one(Softmax(axis: axis), result)]
      }
      attributes.ignore("activation_axis")
      return [try single(&attributes).apply(context, result)]
    }
  }

  /// `transBatch` makes the first axis the row axis and the axes up to the row axis the batch.
  private static func permutation(
    _ context: NodeContext, _ attributes: inout AttributeReader, _ value: ValueID, _ side: String,
    _ batches: Bool
  ) throws(ImportError) -> [Int] {
    let transposes = try attributes.flag("trans\(side)", default: false)
    let rotates = batches ? try attributes.flag("transBatch\(side)", default: false) : false
    guard transposes || rotates else { return [] }
    let rank = try context.knownRank(value, side)
    guard rank > 1 else { return [] }
    var order = Array(0..<rank)
    if rotates, rank > 2 { order = Array(1..<(rank - 1)) + [0, rank - 1] }
    if transposes { order.swapAt(rank - 1, rank - 2) }
    return order
  }

  static func gemm(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    let product = try Products.general(context, &attributes)
    return [try single(&attributes).apply(context, product)]
  }

  /// An activation whose parameters are attributes of their own.
  private static func single(
    _ attributes: inout AttributeReader
  ) throws(ImportError) -> FusedActivation {
    FusedActivation(
      name: try attributes.text("activation") ?? "",
      parameters: [
        try attributes.real("activation_alpha"), try attributes.real("activation_beta"),
        try attributes.real("activation_gamma"),
      ])
  }

  static func gemmFastGelu(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    var product = try context.one(
      MatMul(), try context.operand(0, "X"), try context.operand(1, "W"))
    if let bias = context.optional(2) { product = try context.binary(.add, product, bias) }
    return [try context.unary(.geluTanh, product)]
  }

  /// activation(conv(X, W) + B + Z); channels come last in the NHWC forms.
  static func convolution(fused: Bool, channelsLast: Bool) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(2...(fused ? 4 : 3))
      let weight = try context.operand(1, "W")
      let type = context.fact(weight).type
      let operation = try ConvolutionFamily.operation(
        &attributes, weight: type, hasBias: context.optional(2) != nil)
      var activation = FusedActivation(name: "")
      if fused {
        activation = FusedActivation(
          name: try attributes.text("activation") ?? "",
          parameters: try attributes.reals("activation_params") ?? [])
      }
      var data = try context.operand(0, "X")
      if channelsLast { data = try ChannelsLast.toFirst(context, data) }
      var operands: [ValueID?] = [data, weight]
      if let bias = context.optional(2) { operands.append(bias) }
      var result = try context.add(operation, operands)[0]
      if channelsLast { result = try ChannelsLast.toLast(context, result) }
      if fused, let addend = context.optional(3) {
        result = try context.binary(.add, result, addend)
      }
      return [try activation.apply(context, result)]
    }
  }

  static func maximumPool(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let operation = try Pooling.pool(.maximum, context, &attributes, hasDilations: true)
    let data = try ChannelsLast.toFirst(context, try context.operand(0, "x"))
    return [try ChannelsLast.toLast(context, try context.one(operation, data))]
  }
}

/// Moves between [batch, channels, …] and [batch, …, channels].
enum ChannelsLast {
  static func toFirst(_ context: NodeContext, _ value: ValueID) throws(ImportError) -> ValueID {
    let rank = try context.knownRank(value, "X")
    guard rank > 2 else { return value }
    return try context.transposed(value, [0, rank - 1] + Array(1..<(rank - 1)))
  }

  static func toLast(_ context: NodeContext, _ value: ValueID) throws(ImportError) -> ValueID {
    let rank = try context.knownRank(value, "X")
    guard rank > 2 else { return value }
    return try context.transposed(value, [0] + Array(2..<rank) + [1])
  }
}
