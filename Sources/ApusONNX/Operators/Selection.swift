internal import ApusIR

/// Where.
enum Selection {
  static func choose(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3)
    return [
      try context.select(
        try context.operand(0, "condition"), try context.operand(1, "X"),
        try context.operand(2, "Y"))
    ]
  }
}
