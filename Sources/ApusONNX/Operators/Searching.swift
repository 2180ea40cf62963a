internal import ApusIR
internal import ApusTensor

/// Operators that look for elements: ArgMax, TopK, NonZero, Unique, Compress and their like.
enum Searching {
  static func extremum(smallest: Bool) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(1)
      let operation = ArgExtremum(
        smallest: smallest, axis: try attributes.integer("axis", default: 0),
        keepDimensions: try attributes.flag("keepdims", default: true),
        selectLast: context.opset >= 12
          ? try attributes.flag("select_last_index", default: false) : false)
      return [try context.one(operation, try context.operand(0, "data"))]
    }
  }

  /// Ones where the largest element stands. Before opset 13 the operand is flattened to two
  /// dimensions at the axis.
  static func hardmax(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "input")
    let axis = try attributes.integer("axis", default: context.opset >= 13 ? -1 : 1)
    if context.opset >= 13 { return [try selected(context, x, axis: axis)] }
    let flat = try context.one(Flatten(axis: axis), x)
    let result = try selected(context, flat, axis: 1)
    return [try context.one(Reshape(allowZero: true), result, try context.one(ShapeOf(), x))]
  }

  private static func selected(
    _ context: NodeContext, _ x: ValueID, axis: Int
  ) throws(ImportError) -> ValueID {
    let best = try context.one(
      ArgExtremum(smallest: false, axis: axis, keepDimensions: false), x)
    let depth = try context.one(
      Gather(axis: 0), try context.one(ShapeOf(), x), try context.integerScalar(axis))
    let values: HostTensor
    do { values = try HostTensor(context.element(x), shape: [2], .real([0, 1])) } catch {
      throw .invalid("\(error)")
    }
    return try context.one(OneHot(axis: axis), best, depth, try context.constant(values))
  }

  static func topK(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(context.opset >= 10 ? 2 : 1)
    let data = try context.operand(0, "X")
    let k: ValueID
    if context.opset >= 10 {
      k = try context.operand(1, "K")
    } else {
      guard let count = try attributes.integer("k") else {
        throw .invalid("it is required", .attribute("k"))
      }
      k = try context.vector([count])
    }
    var operation = TopK(axis: try attributes.integer("axis", default: -1), smallest: false)
    if context.opset >= 11 {
      operation.smallest = try !attributes.flag("largest", default: true)
      // Any order will do where none is asked for.
      _ = try attributes.flag("sorted", default: true)
    }
    return try context.add(operation, [data, k])
  }

  static func nonZero(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    return [try context.one(NonZero(), try context.operand(0, "X"))]
  }

  static func unique(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let operation = Unique(
      axis: try attributes.integer("axis"), sorted: try attributes.flag("sorted", default: true))
    return try context.add(operation, [try context.operand(0, "X")])
  }

  static func compress(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let operation = Compress(axis: try attributes.integer("axis"))
    return [
      try context.one(
        operation, try context.operand(0, "input"), try context.operand(1, "condition"))
    ]
  }

  static func oneHot(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3)
    let operation = OneHot(axis: try attributes.integer("axis", default: -1))
    return [
      try context.one(
        operation, try context.operand(0, "indices"), try context.operand(1, "depth"),
        try context.operand(2, "values"))
    ]
  }
}
