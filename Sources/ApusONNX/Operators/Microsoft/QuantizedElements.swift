internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Operators of domain com.microsoft on quantized tensors that work in real numbers inside: each operand
/// is dequantized, the result quantized. Source: ONNX Runtime, ContribOperators.md.
enum QuantizedElements {
  /// A quantized operand at three positions: data, scale, zero point.
  private static func operand(
    _ context: NodeContext, _ index: Int, _ name: String
  ) throws(ImportError) -> ValueID {
    try context.one(
      Dequantize(), try context.operand(index, name),
      try IntegerProducts.single(context, try context.operand(index + 1, "\(name)_scale")),
      try zero(context, index + 2))
  }

  private static func zero(_ context: NodeContext, _ index: Int) throws(ImportError) -> ValueID? {
    guard let zero = context.optional(index) else { return nil }
    return try IntegerProducts.single(context, zero)
  }

  /// The result by scale and zero point at two positions; without a zero point it has the type of the
  /// first operand.
  private static func result(
    _ context: NodeContext, _ value: ValueID, _ index: Int, like data: ValueID
  ) throws(ImportError) -> ValueID {
    let zero = try zero(context, index + 1)
    return try context.one(
      Quantize(to: context.element(zero ?? data)), value,
      try IntegerProducts.single(context, try context.operand(index, "scale")), zero)
  }

  static func binary(_ function: BinaryFunction) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(7...8)
      let value = try context.binary(
        function, try operand(context, 0, "A"), try operand(context, 3, "B"))
      return [try result(context, value, 6, like: try context.operand(0, "A"))]
    }
  }

  /// Operators of one operand, by what they compute on real numbers.
  private static func unary(
    _ context: NodeContext, _ body: (ValueID) throws(ImportError) -> ValueID
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(4...5)
    let value = try body(try operand(context, 0, "X"))
    return [try result(context, value, 3, like: try context.operand(0, "X"))]
  }

  static func sigmoid(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try unary(context) { (x) throws(ImportError) in try context.unary(.sigmoid, x) }
  }

  static func leaky(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let alpha = try attributes.real("alpha", default: 0.01)
    return try unary(context) { (x) throws(ImportError) in
      try FusedActivation(name: "LeakyRelu", parameters: [alpha]).apply(context, x)
    }
  }

  static func softmax(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let axis = try attributes.integer("axis", default: -1)
    guard let opset = try attributes.integer("opset") else {
      throw .invalid("it is required", .attribute("opset"))
    }
    return try unary(context) { (x) throws(ImportError) in
      if opset >= 13 { return try context.one(Softmax(axis: axis), x) }
      let rank = try context.knownRank(x, "X")
      let start = axis < 0 ? axis + rank : axis
      guard start >= 0, start < max(rank, 1) else {
        throw .invalid("it is out of range", .attribute("axis"))
      }
      let flat = try context.one(Flatten(axis: start), x)
      return try context.reshaped(try context.one(Softmax(axis: -1), flat), like: x)
    }
  }

  static func reduceMean(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let axes = try context.vector(try attributes.integers("axes") ?? [])
    let keeps = try attributes.flag("keepdims", default: true)
    return try unary(context) { (x) throws(ImportError) in
      try context.one(Reduce(.mean, keepDimensions: keeps), x, axes)
    }
  }

  static func averagePool(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let isLast = try attributes.flag("channels_last", default: false)
    var pool = try Pooling.pool(.average, context, &attributes, hasDilations: true)
    pool.includePadding = try attributes.flag("count_include_pad", default: false)
    let operation = pool
    return try unary(context) { (x) throws(ImportError) in
      guard isLast else { return try context.one(operation, x) }
      return try ChannelsLast.toLast(
        context, try context.one(operation, try ChannelsLast.toFirst(context, x)))
    }
  }

  static func globalAveragePool(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let isLast = try attributes.flag("channels_last", default: false)
    return try unary(context) { (x) throws(ImportError) in
      let rank = try context.knownRank(x, "X")
      guard rank > 2 else { return x }
      let axes = isLast ? Array(1..<(rank - 1)) : Array(2..<rank)
      return try context.reduced(.mean, x, axes)
    }
  }

  static func concat(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    guard let axis = try attributes.integer("axis") else {
      throw .invalid("it is required", .attribute("axis"))
    }
    let count = context.operands.count - 2
    guard count > 0, count % 3 == 0 else {
      throw .invalid("\(context.operands.count) operands are not two and some triples")
    }
    var parts: [ValueID] = []
    for index in stride(from: 2, to: count + 2, by: 3) {
      parts.append(try operand(context, index, "inputs"))
    }
    let joined = try context.concatenated(parts, axis: axis)
    return [try result(context, joined, 0, like: try context.operand(2, "inputs"))]
  }

  static func choose(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(9)
    let chosen = try context.select(
      try context.operand(0, "condition"), try operand(context, 1, "X"),
      try operand(context, 4, "Y"))
    return [try result(context, chosen, 7, like: try context.operand(1, "X"))]
  }

  /// QuantizeLinear and DequantizeLinear; the axis counts where the scale is a vector.
  static func quantize(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    let zero = context.optional(2)
    let axis = try attributes.integer("axis", default: 1)
    return try context.add(
      Quantize(to: zero.map(context.element) ?? .uint8, axis: axis),
      [try context.operand(0, "x"), try context.operand(1, "y_scale"), zero])
  }

  static func dequantize(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    let axis = try attributes.integer("axis", default: 1)
    return try context.add(
      Dequantize(axis: axis),
      [try context.operand(0, "x"), try context.operand(1, "x_scale"), context.optional(2)])
  }
}
