internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear.
enum Quantization {
  static func quantize(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    let zero = context.optional(2)
    var operation = Quantize(to: zero.map(context.element) ?? .uint8)
    if context.opset >= 13 { operation.axis = try attributes.integer("axis", default: 1) }
    if context.opset >= 19 { operation.saturate = try attributes.flag("saturate", default: true) }
    if context.opset >= 21 {
      operation.blockSize = try attributes.integer("block_size", default: 0)
      if let element = try optionalElement("output_dtype", &attributes) {
        if zero != nil, element != operation.element {
          throw .invalid(
            "it is \(element.name), the zero point \(operation.element.name)",
            .attribute("output_dtype"))
        }
        operation.element = element
      }
    }
    if context.opset >= 23 { operation.precision = try optionalElement("precision", &attributes) }
    return try context.add(
      operation, [try context.operand(0, "x"), try context.operand(1, "y_scale"), zero])
  }

  static func dequantize(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    var operation = Dequantize()
    if context.opset >= 13 { operation.axis = try attributes.integer("axis", default: 1) }
    if context.opset >= 21 {
      operation.blockSize = try attributes.integer("block_size", default: 0)
    }
    if context.opset >= 23 {
      operation.element = try optionalElement("output_dtype", &attributes)
    }
    return try context.add(
      operation,
      [try context.operand(0, "x"), try context.operand(1, "x_scale"), context.optional(2)])
  }

  /// An element type where 0 stands for none.
  private static func optionalElement(
    _ name: String, _ attributes: inout AttributeReader
  ) throws(ImportError) -> ElementType? {
    if try attributes.integer(name, default: 0) == 0 { return nil }
    return try attributes.element(name)
  }

  static func dynamic(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let result = try dynamic(context, try context.operand(0, "x"))
    return [result.data, result.scale, result.zero]
  }

  /// Quantizes to uint8 by the range of the data with 0 in it.
  static func dynamic(
    _ context: NodeContext, _ x: ValueID
  ) throws(ImportError) -> (data: ValueID, scale: ValueID, zero: ValueID) {
    let most = try context.binary(
      .maximum, try context.one(Reduce(.maximum, keepDimensions: false), x, nil), 0)
    let least = try context.binary(
      .minimum, try context.one(Reduce(.minimum, keepDimensions: false), x, nil), 0)
    let span = try context.binary(.subtract, most, least)
    // All zeros have no range; then any scale will do.
    let isFlat = try context.binary(.equal, span, 0)
    let scale = try context.select(
      isFlat, try context.scalar(1, context.element(x)), try context.binary(.divide, span, 255))
    let origin = try context.unary(.negate, try context.binary(.divide, least, scale))
    let clamped = try context.binary(.minimum, try context.binary(.maximum, origin, 0), 255)
    let zero = try context.cast(try context.unary(.round, clamped), to: .uint8)
    return (try context.one(Quantize(to: .uint8), x, scale, zero), scale, zero)
  }
}
