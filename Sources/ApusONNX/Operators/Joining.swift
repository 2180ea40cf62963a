internal import ApusIR

/// Concat and Split.
enum Joining {
  static func concat(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let axis = try attributes.integer("axis")
    guard let axis = axis ?? (context.opset < 4 ? 1 : nil) else {
      throw .invalid("it is required", .attribute("axis"))
    }
    return [try context.add(Concat(axis: axis), try context.variadic()).first ?? nil]
  }

  /// Sizes come as attribute or operand by opset; without them all parts but the last are equal.
  static func split(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1...(context.opset == 1 || context.opset >= 13 ? 2 : 1))
    let data = try context.operand(0, "input")
    let axis = try attributes.integer("axis", default: 0)
    var sizes = context.optional(1)
    if context.opset < 13, let list = try attributes.integers("split") {
      sizes = try context.vector(list)
    }
    let parts = context.outputs.count
    if context.opset >= 18, let asked = try attributes.integer("num_outputs"), asked != parts {
      throw .invalid("it is \(asked), the node lists \(parts) outputs", .attribute("num_outputs"))
    }
    return try context.add(Split(axis: axis, parts: parts), [data, sizes])
  }
}
