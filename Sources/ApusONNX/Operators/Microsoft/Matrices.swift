internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Inverse, Solve, Trilu, Unique and ExpandDims of domain com.microsoft.
enum MicrosoftMatrices {
  static func inverse(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    return [try context.one(MatrixInverse(), try context.operand(0, "X"))]
  }

  /// X with A · X = Y. `lower` matters to no general matrix. Source: skl2onnx, OnnxSolve, after
  /// scipy.linalg.solve.
  static func solve(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    attributes.ignore("lower")
    let isTransposed = try attributes.flag("transposed", default: false)
    let a = try context.operand(0, "A")
    var matrix = try context.cast(a, to: .float64)
    if isTransposed { matrix = try context.transposed(matrix, [1, 0]) }
    let product = try context.one(
      MatMul(), try context.one(MatrixInverse(), matrix),
      try context.cast(try context.operand(1, "Y"), to: .float64))
    return [try context.cast(product, to: context.element(a))]
  }

  /// Values in the order in which they first occur, the place of each element among them, counts.
  static func unique(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let parts = try context.add(
      Unique(axis: nil, sorted: false), [try context.operand(0, "x")])
    return [parts[0], parts[2], parts[3]]
  }

  /// Keeps what lies on one side of a diagonal.
  static func triangle(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1...2)
    let keepsUpper = try attributes.flag("upper", default: true)
    let x = try context.operand(0, "X")
    let rows = try context.unsqueezed(
      try context.counting(to: try context.extent(-2, of: x)), [1])
    let columns = try context.counting(to: try context.extent(-1, of: x))
    var diagonal = rows
    if let offset = context.optional(1) {
      diagonal = try context.binary(.add, rows, try IntegerProducts.single(context, offset))
    }
    let keeps =
      keepsUpper
      ? try context.binary(.lessOrEqual, diagonal, columns)
      : try context.binary(.lessOrEqual, columns, diagonal)
    return [try context.select(keeps, x, try context.scalar(0, context.element(x)))]
  }

  static func expandDimensions(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let axis = try context.reshaped(
      try context.indices(try context.operand(1, "axis")), [1])
    return [try context.one(Unsqueeze(), try context.operand(0, "X"), axis)]
  }
}
