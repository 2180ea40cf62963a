internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// LinearClassifier and LinearRegressor.
enum LinearModels {
  static func regress(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.table()
    let targets = try attributes.integer("targets", default: 1)
    let coefficients = try attributes.reals("coefficients") ?? []
    let intercepts = try attributes.reals("intercepts") ?? []
    let scores = try scores(context, x, coefficients, intercepts, rows: targets)
    return [try context.transformed(scores, try attributes.scoreFunction())]
  }

  static func classify(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    // The scores are the same one against the rest and multinomial.
    attributes.ignore("multi_class")
    let x = try context.table()
    let labels = try ClassLabels(
      context, &attributes, texts: "classlabels_strings", integers: "classlabels_ints")
    let function = try attributes.scoreFunction()
    guard let coefficients = try attributes.reals("coefficients"), !coefficients.isEmpty else {
      throw .invalid("it is required", .attribute("coefficients"))
    }
    let intercepts = try attributes.reals("intercepts") ?? []
    let features = context.fact(x).type.extents?[1].fixed
    let rows =
      !intercepts.isEmpty
      ? intercepts.count
      : labels.count == 2 && coefficients.count == features ? 1 : labels.count
    guard rows == labels.count || rows == 1 && labels.count == 2 else {
      throw .invalid("\(rows) rows of coefficients for \(labels.count) classes")
    }
    let scores = try scores(context, x, coefficients, intercepts, rows: rows)
    let classes = try context.one(ClassDecision(threshold: 0), scores)
    let isSingle = rows == 1 && labels.count == 2
    return [
      try labels.of(classes, context),
      try context.transformed(scores, function, second: isSingle ? .complement : .none),
    ]
  }

  /// x · Wᵀ + b for coefficients that are listed row by row.
  static func scores(
    _ context: NodeContext, _ x: ValueID, _ coefficients: [Double], _ intercepts: [Double],
    rows: Int
  ) throws(ImportError) -> ValueID {
    guard rows > 0, coefficients.count % rows == 0 else {
      throw .invalid("\(coefficients.count) coefficients for \(rows) rows")
    }
    let weights = try context.tensor(
      .float32, [rows, coefficients.count / rows], .real(coefficients))
    let product = try context.one(MatMul(rightPermutation: [1, 0]), x, weights)
    guard !intercepts.isEmpty else { return product }
    guard intercepts.count == rows || intercepts.count == 1 else {
      throw .invalid("\(intercepts.count) intercepts for \(rows) rows")
    }
    return try context.binary(.add, product, try context.reals(intercepts))
  }
}
