internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// BatchNormalization, LayerNormalization and RMSNormalization.
enum Normalization {
  static func batch(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(5)
    let epsilon = try attributes.real("epsilon", default: 1e-5)
    let momentum = try attributes.real("momentum", default: 0.9)
    var isTraining = false
    var perPosition = false
    if context.opset >= 14 {
      isTraining = try attributes.flag("training_mode", default: false)
    } else {
      isTraining = (1...4).contains { context.uses(output: $0) }
      if context.opset < 9 { perPosition = try attributes.integer("spatial", default: 1) == 0 }
      if context.opset < 7 {
        attributes.ignore("consumed_inputs")
        isTraining = try attributes.integer("is_test", default: 0) == 0
      }
    }
    if isTraining {
      return try BatchStatistics.normalize(
        context, epsilon: epsilon, momentum: momentum, perPosition: perPosition)
    }
    if perPosition { return [try positionwise(context, epsilon), nil, nil, nil, nil] }
    let data = try context.operand(0, "X")
    let element = context.element(data)
    var operands: [ValueID?] = [data]
    for (index, name) in ["scale", "B", "input_mean", "input_var"].enumerated() {
      // Since opset 15 parameters may have another type than the data.
      operands.append(try context.cast(try context.operand(index + 1, name), to: element))
    }
    let results = try context.add(BatchNormalization(epsilon: epsilon), operands)
    return results + [nil, nil, nil, nil]
  }

  /// y = (x − mean) / √(variance + epsilon) · scale + bias with parameters for each element of an image.
  private static func positionwise(
    _ context: NodeContext, _ epsilon: Double
  ) throws(ImportError) -> ValueID {
    let centred = try context.binary(
      .subtract, try context.operand(0, "X"), try context.operand(3, "mean"))
    let deviation = try context.unary(
      .sqrt, try context.binary(.add, try context.operand(4, "var"), epsilon))
    let scaled = try context.binary(
      .multiply, try context.binary(.divide, centred, deviation), try context.operand(1, "scale"))
    return try context.binary(.add, scaled, try context.operand(2, "B"))
  }

  static func layer(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    let operation = LayerNormalization(
      axis: try attributes.integer("axis", default: -1),
      epsilon: try attributes.real("epsilon", default: 1e-5),
      statistics: context.uses(output: 1) || context.uses(output: 2))
    try stash(&attributes)
    let results = try context.add(
      operation,
      [try context.operand(0, "X"), try context.operand(1, "Scale"), context.optional(2)])
    return results.count == 1 ? [results[0], nil, nil] : results
  }

  static func rootMeanSquare(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let operation = RMSNormalization(
      axis: try attributes.integer("axis", default: -1),
      epsilon: try attributes.real("epsilon", default: 1e-5))
    try stash(&attributes)
    let x = try context.operand(0, "X")
    let scale = try context.operand(1, "scale")
    guard context.element(x) != context.element(scale) else {
      return [try context.one(operation, x, scale)]
    }
    let normal = try context.one(operation, x, nil)
    let wide = try context.cast(normal, to: context.element(scale))
    return [try context.binary(.multiply, wide, scale)]
  }

  /// Statistics are kept in single precision at least, whatever this attribute says.
  private static func stash(_ attributes: inout AttributeReader) throws(ImportError) {
    guard let element = try attributes.element("stash_type") else { return }
    guard [.float32, .float16, .bfloat16, .float64].contains(element) else {
      throw .invalid("\(element.name) is no precision", .attribute("stash_type"))
    }
  }
}
