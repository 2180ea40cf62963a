internal import ApusIR

/// Reshape, Squeeze, Unsqueeze, Flatten and Transpose.
enum Reshaping {
  static func reshape(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let data = try context.operand(0, "data")
    if context.opset < 5 {
      try context.expect(1)
      attributes.ignore("consumed_inputs")
      guard let list = try attributes.integers("shape") else {
        throw .invalid("it is required", .attribute("shape"))
      }
      return [try context.one(Reshape(), data, try context.vector(list))]
    }
    try context.expect(2)
    let allowZero =
      context.opset >= 14 ? try attributes.flag("allowzero", default: false) : false
    let shape = try context.operand(1, "shape")
    return [try context.one(Reshape(allowZero: allowZero), data, shape)]
  }

  static func squeeze(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1...(context.opset >= 13 ? 2 : 1))
    let data = try context.operand(0, "data")
    return [
      try context.one(
        Squeeze(), data, try context.axes(operand: 1, since: 13, &attributes))
    ]
  }

  static func unsqueeze(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(context.opset >= 13 ? 2 : 1)
    let data = try context.operand(0, "data")
    guard let axes = try context.axes(operand: 1, since: 13, &attributes) else {
      throw .invalid(
        "it is required", context.opset >= 13 ? .operand("axes") : .attribute("axes"))
    }
    return [try context.one(Unsqueeze(), data, axes)]
  }

  static func flatten(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let axis = try attributes.integer("axis", default: 1)
    return [try context.one(Flatten(axis: axis), try context.operand(0, "input"))]
  }

  static func transpose(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let permutation = try attributes.integers("perm") ?? []
    return [try context.one(Transpose(permutation), try context.operand(0, "data"))]
  }
}
