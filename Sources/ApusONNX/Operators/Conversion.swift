internal import ApusIR
internal import ApusTensor

/// Cast and CastLike.
enum Conversion {
  static func cast(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "input")
    let element: ElementType?
    if context.opset < 6 {
      element = try named(try attributes.text("to"))
    } else {
      element = try attributes.element("to")
    }
    guard let element else { throw .invalid("it is required", .attribute("to")) }
    return [try convert(context, x, element, &attributes)]
  }

  static func castLike(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let x = try context.operand(0, "input")
    let element = context.element(try context.operand(1, "target_type"))
    return [try convert(context, x, element, &attributes)]
  }

  private static func convert(
    _ context: NodeContext, _ x: ValueID, _ element: ElementType,
    _ attributes: inout AttributeReader
  ) throws(ImportError) -> ValueID {
    var saturate = true
    if context.opset >= 19 { saturate = try attributes.flag("saturate", default: true) }
    var rounding = ScaleRounding.up
    if context.opset >= 24 {
      rounding = try attributes.choice(
        "round_mode", default: .up, [("up", .up), ("down", .down), ("nearest", .nearest)])
    }
    return try context.one(Cast(to: element, saturate: saturate, rounding: rounding), x)
  }

  /// The names that opsets before 6 use.
  private static func named(_ name: String?) throws(ImportError) -> ElementType? {
    guard let name else { return nil }
    let names: [String: ElementType] = [
      "FLOAT": .float32, "UINT8": .uint8, "INT8": .int8, "UINT16": .uint16, "INT16": .int16,
      "INT32": .int32, "INT64": .int64, "BOOL": .bool, "FLOAT16": .float16, "DOUBLE": .float64,
      "UINT32": .uint32, "UINT64": .uint64, "STRING": .string,
    ]
    guard let element = names[name.uppercased()] else {
      throw .invalid("'\(name)' is no element type", .attribute("to"))
    }
    return element
  }
}
