internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// LpPool, GlobalLpPool and LRN: powers, sums over windows, roots.
enum LengthPooling {
  static func pool(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let power = try exponent(context, &attributes)
    let window = try WindowAttributes(&attributes, hasDilations: context.opset >= 18)
    guard let kernel = window.kernel else {
      throw .invalid("it is required", .attribute("kernel_shape"))
    }
    var operation = Pool()
    operation.kind = .sum
    operation.kernel = kernel
    operation.strides = window.strides
    operation.dilations = window.dilations
    operation.pads = window.pads
    operation.padding = window.padding
    if context.opset >= 18 {
      operation.ceilMode = try attributes.flag("ceil_mode", default: false)
    }
    let powers = try raised(context, try context.operand(0, "X"), power)
    return [try root(context, try context.one(operation, powers), power)]
  }

  static func global(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let power = try exponent(context, &attributes)
    let x = try context.operand(0, "X")
    let axes = try context.spatialAxes(of: x)
    let sum = try context.one(
      Reduce(.sum, emptyAxesMeansNone: true), try raised(context, x, power), axes)
    return [try root(context, sum, power)]
  }

  private static func exponent(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> Double {
    let power =
      context.opset >= 2
      ? Double(try attributes.integer("p", default: 2)) : try attributes.real("p", default: 2)
    guard power > 0 else { throw .invalid("\(power) is not positive", .attribute("p")) }
    return power
  }

  private static func raised(
    _ context: NodeContext, _ x: ValueID, _ power: Double
  ) throws(ImportError) -> ValueID {
    if power == 2 { return try context.binary(.multiply, x, x) }
    let magnitude = try context.unary(.absolute, x)
    return power == 1 ? magnitude : try context.binary(.power, magnitude, power)
  }

  private static func root(
    _ context: NodeContext, _ x: ValueID, _ power: Double
  ) throws(ImportError) -> ValueID {
    if power == 2 { return try context.unary(.sqrt, x) }
    return power == 1 ? x : try context.binary(.power, x, 1 / power)
  }

  /// x / (bias + alpha / size · Σ x²)^beta, the sum over neighbouring channels.
  static func response(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    guard let size = try attributes.integer("size"), size > 0 else {
      throw .invalid("expected a positive number", .attribute("size"))
    }
    let x = try context.operand(0, "X")
    let alpha = try attributes.real("alpha", default: 1e-4)
    let beta = try attributes.real("beta", default: 0.75)
    let bias = try attributes.real("bias", default: 1)
    let squares = try context.binary(.multiply, x, x)
    // Channels become an axis of their own beside all positions: [batch, 1, channels, positions].
    let flat = try context.one(Reshape(), squares, try context.vector([0, 0, -1]))
    let image = try context.one(Unsqueeze(), flat, try context.vector([1]))
    var pool = Pool()
    pool.kind = .average
    pool.includePadding = true
    pool.kernel = [size, 1]
    pool.pads = [(size - 1) / 2, 0, size - 1 - (size - 1) / 2, 0]
    let mean = try context.one(Squeeze(), try context.one(pool, image), try context.vector([1]))
    let shaped = try context.one(Reshape(allowZero: true), mean, try context.one(ShapeOf(), x))
    let base = try context.binary(.add, try context.binary(.multiply, shaped, alpha), bias)
    return [try context.binary(.divide, x, try context.binary(.power, base, beta))]
  }
}
