internal import ApusIR

/// Slice: bounds are attributes before opset 10, operands since.
enum Slicing {
  static func slice(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let data = try context.operand(0, "data")
    if context.opset >= 10 {
      try context.expect(3...5)
      var operands: [ValueID?] = [
        data, try context.indices(try context.operand(1, "starts")),
        try context.indices(try context.operand(2, "ends")),
      ]
      for index in 3..<max(3, context.operands.count) {
        if let value = context.optional(index) {
          operands.append(try context.indices(value))
        } else {
          operands.append(nil)
        }
      }
      return try context.add(Slice(), operands)
    }
    try context.expect(1)
    guard let starts = try attributes.integers("starts"),
      let ends = try attributes.integers("ends")
    else { throw .invalid("starts and ends are required", .attribute("starts")) }
    let axes = try attributes.integers("axes") ?? Array(starts.indices)
    return [
      try context.one(
        Slice(), data, try context.vector(starts), try context.vector(ends),
        try context.vector(axes))
    ]
  }
}
