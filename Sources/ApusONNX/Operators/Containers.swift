internal import ApusIR
internal import ApusTensor

/// Sequences and optionals.
enum Containers {
  static func construct(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.add(SequenceMake(), try context.variadic())
  }

  static func empty(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(0...0)
    let element = try attributes.element("dtype") ?? .float32
    return try context.add(SequenceMake(element: ValueType(element, .unranked)), [])
  }

  static func insert(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    return try context.add(SequenceInsert(), context.operands)
  }

  static func erase(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1...2)
    return try context.add(SequenceErase(), context.operands)
  }

  static func at(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    return try context.add(SequenceAt(), context.operands)
  }

  static func length(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    return try context.add(SequenceLength(), context.operands)
  }

  static func split(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1...2)
    let operation = SequenceSplit(
      axis: try attributes.integer("axis", default: 0),
      keepDimensions: try attributes.flag("keepdims", default: true))
    return try context.add(operation, context.operands)
  }

  static func concat(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    guard let axis = try attributes.integer("axis") else {
      throw .invalid("it is required", .attribute("axis"))
    }
    let operation = SequenceConcat(
      axis: axis, newAxis: try attributes.flag("new_axis", default: false))
    return try context.add(operation, context.operands)
  }

  static func optional(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(0...1)
    let type = try attributes.type("type")
    if context.optional(0) != nil { return try context.add(OptionalMake(), context.operands) }
    guard let type else { throw .invalid("an empty optional needs a type", .attribute("type")) }
    return try context.add(OptionalMake(element: type), [])
  }

  static func get(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    return try context.add(OptionalGet(), context.operands)
  }

  static func has(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(0...1)
    return try context.add(OptionalHas(), context.operands)
  }
}
