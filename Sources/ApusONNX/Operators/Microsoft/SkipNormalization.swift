internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Normalizations of domain com.microsoft that add something first, and SimplifiedLayerNormalization.
enum SkipNormalization {
  static func layer(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3...5)
    let epsilon = try attributes.real("epsilon", default: 1e-12)
    let sum = try sum(context, bias: 4)
    let operation = LayerNormalization(
      axis: -1, epsilon: epsilon,
      statistics: context.uses(output: 1) || context.uses(output: 2))
    let results = try context.add(
      operation, [sum, try context.operand(2, "gamma"), context.optional(3)])
    return (results.count == 1 ? [results[0], nil, nil] : results) + [sum]
  }

  static func rootMeanSquare(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3...4)
    let epsilon = try attributes.real("epsilon", default: 1e-12)
    let sum = try sum(context, bias: 3)
    let result = try context.one(
      RMSNormalization(axis: -1, epsilon: epsilon), sum, try context.operand(2, "gamma"))
    return [result, nil, try inverse(context, sum, axis: -1, epsilon, output: 2), sum]
  }

  private static func sum(_ context: NodeContext, bias: Int) throws(ImportError) -> ValueID {
    let sum = try context.binary(
      .add, try context.operand(0, "input"), try context.operand(1, "skip"))
    guard let bias = context.optional(bias) else { return sum }
    return try context.binary(.add, sum, bias)
  }

  /// 1 / √(mean x² + epsilon), where the model asks for it.
  private static func inverse(
    _ context: NodeContext, _ x: ValueID, axis: Int, _ epsilon: Double, output: Int
  ) throws(ImportError) -> ValueID? {
    guard context.uses(output: output) else { return nil }
    let wide = try context.cast(x, to: .float32)
    let axes = axis < 0 ? Array(axis...(-1)) : Array(axis..<(try context.knownRank(x, "X")))
    let mean = try context.reduced(.mean, try context.binary(.multiply, wide, wide), axes)
    return try context.unary(
      .reciprocal, try context.unary(.sqrt, try context.binary(.add, mean, epsilon)))
  }

  /// What ONNX Runtime calls RMS normalization, in whatever domain it writes it.
  static func simplified(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let axis = try attributes.integer("axis", default: -1)
    let epsilon = try attributes.real("epsilon", default: 1e-5)
    attributes.ignore("stash_type")
    let x = try context.operand(0, "X")
    let scale = try context.operand(1, "scale")
    let normal = try context.one(
      RMSNormalization(axis: axis, epsilon: epsilon), x,
      context.element(x) == context.element(scale) ? scale : nil)
    let inverse = try inverse(context, x, axis: axis, epsilon, output: 1)
    if context.element(x) == context.element(scale) { return [normal, inverse] }
    let wide = try context.cast(normal, to: context.element(scale))
    return [try context.binary(.multiply, wide, scale), inverse]
  }

  /// The sum of word, position and segment embeddings, normalised.
  static func embeddings(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(7...9)
    let epsilon = try attributes.real("epsilon", default: 1e-12)
    attributes.ignore("mask_index_type")
    let words = try context.operand(0, "input_ids")
    let positions: ValueID
    if let given = context.optional(8) {
      positions = given
    } else {
      positions = try context.counting(to: try context.extent(1, of: words))
    }
    var sum = try context.binary(
      .add, try context.one(Gather(axis: 0), try context.operand(2, "word_embedding"), words),
      try context.one(Gather(axis: 0), try context.operand(3, "position_embedding"), positions))
    if let segments = context.optional(1) {
      sum = try context.binary(
        .add, sum,
        try context.one(Gather(axis: 0), try context.operand(4, "segment_embedding"), segments))
    }
    let result = try context.one(
      LayerNormalization(axis: -1, epsilon: epsilon), sum, try context.operand(5, "gamma"),
      try context.operand(6, "beta"))
    let count: ValueID
    if let mask = context.optional(7) {
      let kept = try context.cast(try context.binary(.equal, mask, 1), to: .int32)
      count = try context.reduced(.sum, kept, [1], keep: false)
    } else {
      count = try context.filled(0, .int32, try context.extent(0, of: words))
    }
    return [result, count, sum]
  }

  /// GroupNorm and SkipGroupNorm.
  static func group(skips: Bool) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(3...(skips ? 5 : 3))
      let epsilon = try attributes.real("epsilon", default: 1e-5)
      let isLast = try attributes.flag("channels_last", default: true)
      let swishes = try attributes.flag("activation", default: false)
      guard let groups = try attributes.integer("groups"), groups > 0 else {
        throw .invalid("it must be positive", .attribute("groups"))
      }
      var x = try context.operand(0, "X")
      if skips {
        var skip = try context.operand(3, "skip")
        if context.rank(skip) == 2 {
          skip = try context.unsqueezed(skip, isLast ? [1, 2] : [2, 3])
        }
        x = try context.binary(.add, x, skip)
        if let bias = context.optional(4) {
          x = try context.binary(
            .add, x, isLast ? bias : try context.aligned(bias, toAxis: 1, of: x))
        }
      }
      let data = isLast ? try ChannelsLast.toFirst(context, x) : x
      let element = context.element(data)
      let split = try context.reshaped(data, [0, groups, -1])
      let normal = try context.reshaped(
        try context.one(LayerNormalization(axis: 2, epsilon: epsilon), split, nil, nil),
        like: data)
      func parameter(_ index: Int, _ name: String) throws(ImportError) -> ValueID {
        let value = try context.cast(try context.operand(index, name), to: element)
        return try context.aligned(value, toAxis: 1, of: data)
      }
      var result = try context.binary(
        .add, try context.binary(.multiply, normal, try parameter(1, "gamma")),
        try parameter(2, "beta"))
      if swishes { result = try Gating.swish(context, result, alpha: 1) }
      if isLast { result = try ChannelsLast.toLast(context, result) }
      return skips ? [result, x] : [result]
    }
  }
}
