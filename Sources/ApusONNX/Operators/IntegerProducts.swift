internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// MatMulInteger, ConvInteger, QLinearMatMul and QLinearConv: products of differences from zero points
/// in 32-bit integers, which wrap, and what scales them back.
enum IntegerProducts {
  static func matMul(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...4)
    return [
      try product(
        context, try context.operand(0, "A"), context.optional(2), try context.operand(1, "B"),
        context.optional(3))
    ]
  }

  static func convolution(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...4)
    return [
      try convolution(
        context, &attributes, try context.operand(0, "x"), context.optional(2),
        try context.operand(1, "w"), context.optional(3), bias: nil)
    ]
  }

  static func quantizedMatMul(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(8)
    let left = try context.operand(0, "a")
    let sum = try product(
      context, left, try context.operand(2, "a_zero_point"), try context.operand(3, "b"),
      try context.operand(5, "b_zero_point"))
    let factor = try context.binary(
      .multiply, try perRow(context, try context.operand(1, "a_scale"), of: left),
      try context.operand(4, "b_scale"))
    return [
      try requantized(
        context, sum, factor, scale: try context.operand(6, "y_scale"),
        zero: try context.operand(7, "y_zero_point"))
    ]
  }

  static func quantizedConvolution(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try quantizedConvolution(context, &attributes, channelsLast: false)
  }

  static func quantizedConvolution(
    _ context: NodeContext, _ attributes: inout AttributeReader, channelsLast: Bool
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(8...9)
    let weight = try context.operand(3, "w")
    var data = try context.operand(0, "x")
    if channelsLast { data = try ChannelsLast.toFirst(context, data) }
    let sum = try convolution(
      context, &attributes, data, try context.operand(2, "x_zero_point"),
      weight, try context.operand(5, "w_zero_point"), bias: context.optional(8))
    let factor = try context.binary(
      .multiply, try context.operand(1, "x_scale"),
      try context.aligned(try context.operand(4, "w_scale"), toAxis: 1, of: weight))
    let result = try requantized(
      context, sum, factor, scale: try context.operand(6, "y_scale"),
      zero: try context.operand(7, "y_zero_point"))
    return [channelsLast ? try ChannelsLast.toLast(context, result) : result]
  }

  // MARK: Parts

  /// (left − its zero point) · (right − its zero point): int32, or float32 for 8-bit floats. A zero
  /// point is a scalar, or per row of the left and per column of the right operand.
  static func product(
    _ context: NodeContext, _ left: ValueID, _ leftZero: ValueID?, _ right: ValueID,
    _ rightZero: ValueID?
  ) throws(ImportError) -> ValueID {
    var rows = leftZero
    if let leftZero { rows = try perRow(context, leftZero, of: left) }
    return try context.one(
      MatMul(), try centred(context, left, rows), try centred(context, right, rightZero))
  }

  /// A vector with an entry per row of a matrix, made to broadcast to it.
  static func perRow(
    _ context: NodeContext, _ value: ValueID, of matrix: ValueID
  ) throws(ImportError) -> ValueID {
    let type = context.fact(value).type
    guard type.rank == 1, type.extents?[0] != .one, context.rank(matrix) != 1 else { return value }
    return try context.unsqueezed(value, [1])
  }

  /// The convolution's int32 sums; a weight's zero point may have an entry per output channel.
  static func convolution(
    _ context: NodeContext, _ attributes: inout AttributeReader, _ data: ValueID,
    _ dataZero: ValueID?, _ weight: ValueID, _ weightZero: ValueID?, bias: ValueID?
  ) throws(ImportError) -> ValueID {
    let operation = try ConvolutionFamily.operation(
      &attributes, weight: context.fact(weight).type, hasBias: bias != nil)
    var zeros = weightZero
    if let weightZero { zeros = try context.aligned(weightZero, toAxis: 0, of: weight) }
    var operands: [ValueID?] = [
      try centred(context, data, dataZero), try centred(context, weight, zeros),
    ]
    if let bias { operands.append(bias) }
    guard let sum = try context.add(operation, operands).first else {
      throw .invalid("the operation has no result")
    }
    return sum
  }

  /// The difference from a zero point, in which products cannot overflow.
  static func centred(
    _ context: NodeContext, _ value: ValueID, _ zero: ValueID?
  ) throws(ImportError) -> ValueID {
    let wide: ElementType = context.element(value).isFloatingPoint ? .float32 : .int32
    let number = try context.cast(value, to: wide)
    guard let zero else { return number }
    if let known = context.fact(zero).constant,
      (try? known.reals())?.allSatisfy({ $0 == 0 }) == true
    {
      return number
    }
    return try context.binary(.subtract, number, try context.cast(zero, to: wide))
  }

  /// round(sum · factor / scale) + zero, saturated. Factor and scale join first, in their own type.
  static func requantized(
    _ context: NodeContext, _ sum: ValueID, _ factor: ValueID, scale: ValueID, zero: ValueID
  ) throws(ImportError) -> ValueID {
    let ratio = try context.cast(try context.binary(.divide, factor, scale), to: .float32)
    let number = try context.binary(.multiply, try context.cast(sum, to: .float32), ratio)
    return try context.one(
      Quantize(to: context.element(zero)), number, try context.scalar(1, .float32),
      try single(context, zero))
  }

  /// A value of one element as a scalar.
  static func single(_ context: NodeContext, _ value: ValueID) throws(ImportError) -> ValueID {
    context.rank(value) == 0
      ? value : try context.one(Reshape(), value, try context.vector([]))
  }
}
