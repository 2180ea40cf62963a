internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Products of domain com.microsoft with quantized operands. Source: ONNX Runtime, ContribOperators.md.
enum QuantizedProducts {
  /// alpha · (A − zero)(B − zero) + C, scaled back or left real.
  static func gemm(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(6...9)
    let alpha = try attributes.real("alpha", default: 1)
    let transposesLeft = try attributes.flag("transA", default: false)
    let transposesRight = try attributes.flag("transB", default: false)
    let left = try IntegerProducts.centred(
      context, try context.operand(0, "A"), try context.operand(2, "a_zero_point"))
    // Zero points of B count its columns, which are the rows where it is transposed.
    var zero = try context.operand(5, "b_zero_point")
    if transposesRight, context.rank(zero) == 1 { zero = try context.unsqueezed(zero, [1]) }
    let right = try IntegerProducts.centred(context, try context.operand(3, "B"), zero)
    var sum = try context.one(
      MatMul(
        leftPermutation: transposesLeft ? [1, 0] : [],
        rightPermutation: transposesRight ? [1, 0] : []),
      left, right)
    if let addend = context.optional(6) { sum = try context.binary(.add, sum, addend) }
    var factor = try context.binary(
      .multiply, try context.operand(1, "a_scale"), try context.operand(4, "b_scale"))
    if alpha != 1 { factor = try context.binary(.multiply, factor, alpha) }
    guard let scale = context.optional(7) else {
      let wide = try context.cast(sum, to: context.element(factor))
      return [try context.binary(.multiply, wide, factor)]
    }
    let resultZero: ValueID
    if let given = context.optional(8) {
      resultZero = given
    } else {
      resultZero = try context.scalar(0, context.element(try context.operand(0, "A")))
    }
    return [
      try IntegerProducts.requantized(context, sum, factor, scale: scale, zero: resultZero)
    ]
  }

  /// The left operand is quantized by its own range first.
  static func dynamicMatMul(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3...5)
    let left = try Quantization.dynamic(context, try context.operand(0, "A"))
    let sum = try IntegerProducts.product(
      context, left.data, left.zero, try context.operand(1, "B"), context.optional(3))
    let factor = try context.binary(.multiply, left.scale, try context.operand(2, "b_scale"))
    return [try scaled(context, sum, factor, bias: context.optional(4))]
  }

  static func matMulToFloat(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(4...7)
    let left = try context.operand(0, "A")
    let sum = try IntegerProducts.product(
      context, left, context.optional(4), try context.operand(1, "B"), context.optional(5))
    let factor = try context.binary(
      .multiply, try IntegerProducts.perRow(context, try context.operand(2, "a_scale"), of: left),
      try context.operand(3, "b_scale"))
    return [try scaled(context, sum, factor, bias: context.optional(6))]
  }

  private static func scaled(
    _ context: NodeContext, _ sum: ValueID, _ factor: ValueID, bias: ValueID?
  ) throws(ImportError) -> ValueID {
    let product = try context.binary(
      .multiply, try context.cast(sum, to: context.element(factor)), factor)
    guard let bias else { return product }
    return try context.binary(.add, product, bias)
  }

  static func convolution(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let isLast = try attributes.flag("channels_last", default: false)
    return try IntegerProducts.quantizedConvolution(
      context, &attributes, channelsLast: isLast)
  }

  /// A · dequantized(B)ᵀ with B in blocks of 2, 4 or 8 bits along the input features.
  static func narrowMatMul(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3...6)
    func size(_ name: String, _ reader: inout AttributeReader) throws(ImportError) -> Int {
      guard let value = try reader.integer(name), value > 0, value <= 1 << 31 else {
        throw .invalid("it must be positive", .attribute(name))
      }
      return value
    }
    let features = try size("K", &attributes)
    let outputs = try size("N", &attributes)
    let block = try size("block_size", &attributes)
    let bits = try attributes.integer("bits", default: 4)
    // It bounds how exactly A must be taken; here it is taken as it is.
    attributes.ignore("accuracy_level")
    try PackedAttention.refuse(&attributes, "weight_prepacked")
    guard context.optional(4) == nil else {
      throw .unsupported("reordered groups", .operand("g_idx"))
    }
    let elements: [Int: ElementType] = [2: .uint2, 4: .uint4, 8: .uint8]
    guard let element = elements[bits] else {
      throw .unsupported("\(bits) bits", .attribute("bits"))
    }
    let blocks = (features + block - 1) / block
    func unpacked(_ bytes: ValueID) throws(ImportError) -> ValueID {
      bits == 8 ? bytes : try context.one(Unpack(as: element), bytes)
    }
    let left = try context.operand(0, "A")
    let codes = try context.reshaped(
      try unpacked(try context.operand(1, "B")), [outputs, blocks * block])
    let scales = try context.reshaped(try context.operand(2, "scales"), [outputs, blocks])
    var zeros: ValueID?
    var shift: ValueID?
    if let given = context.optional(3) {
      if context.element(given) == .uint8 {
        let rows = try unpacked(try context.reshaped(given, [outputs, -1]))
        zeros = try context.sliced(rows, axis: 1, from: 0, to: blocks)
      } else {
        shift = try context.reshaped(given, [outputs, blocks])
      }
    } else {
      zeros = try context.filled(
        Double(1 << (bits - 1)), element, try context.vector([outputs, blocks]))
    }
    var weight = try context.one(
      Dequantize(axis: 1, blockSize: block), codes, scales, zeros)
    if let shift {
      let offset = try context.unsqueezed(try context.binary(.multiply, shift, scales), [2])
      let parts = try context.reshaped(weight, [outputs, blocks, block])
      weight = try context.reshaped(
        try context.binary(.subtract, parts, offset), [outputs, blocks * block])
    }
    if blocks * block != features {
      weight = try context.sliced(weight, axis: 1, from: 0, to: features)
    }
    let product = try context.one(
      MatMul(rightPermutation: [1, 0]), left, try context.cast(weight, to: context.element(left)))
    guard let bias = context.optional(5) else { return [product] }
    return [try context.binary(.add, product, bias)]
  }

  /// LSTM whose weights [directions, input, 4 · hidden] are quantized. Data and states stay real, which
  /// is closer to the layer than what quantizes them on the way.
  static func recurrent(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(12)
    var operation = Recurrence()
    operation.cell = .lstm
    operation.direction = try attributes.choice(
      "direction", default: .forward,
      [("forward", .forward), ("reverse", .reverse), ("bidirectional", .bidirectional)])
    try Recurrent.readActivations(&operation, &attributes)
    operation.clip = try attributes.real("clip")
    operation.couplesGates = try attributes.integer("input_forget", default: 0) != 0
    attributes.ignore("hidden_size")
    func weight(_ index: Int, _ scale: Int, _ name: String) throws(ImportError) -> ValueID {
      let codes = try context.operand(index, name)
      let element = context.element(codes)
      let factors = try context.operand(scale, "\(name)_scale")
      let axes = context.rank(factors) == 2 ? [1] : [1, 2]
      let wide: ElementType = element.isFloatingPoint ? .float32 : .int32
      let centred = try context.binary(
        .subtract, try context.cast(codes, to: wide),
        try context.unsqueezed(
          try context.cast(try context.operand(scale + 1, "\(name)_zero_point"), to: wide), axes))
      let real = try context.binary(
        .multiply, try context.cast(centred, to: context.element(factors)),
        try context.unsqueezed(factors, axes))
      return try context.transposed(real, [0, 2, 1])
    }
    return try context.add(
      operation,
      [
        try context.operand(0, "X"), try weight(1, 8, "W"), try weight(2, 10, "R"),
        context.optional(3), context.optional(4), context.optional(5), context.optional(6),
        context.optional(7),
      ])
  }
}
