internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// ArrayFeatureExtractor, Binarizer, FeatureVectorizer, Imputer, Normalizer and Scaler.
enum Features {
  static func extract(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    var x = try context.operand(0, "X")
    // A vector is one row.
    if try context.knownRank(x, "X") == 1 {
      x = try context.one(Unsqueeze(), x, try context.vector([0]))
    }
    let places = try context.one(
      Reshape(), try context.operand(1, "Y"), try context.vector([-1]))
    return [try context.one(Gather(axis: -1), x, places)]
  }

  static func binarize(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "X")
    let element = context.element(x)
    let numbers = element.isFloatingPoint ? x : try context.cast(x, to: .float64)
    let threshold = try context.scalar(
      try attributes.real("threshold", default: 0), context.element(numbers))
    return [try context.cast(try context.binary(.less, threshold, numbers), to: element)]
  }

  static func join(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let widths = try attributes.integers("inputdimensions")
    let inputs = try context.variadic()
    if let widths, widths.count != inputs.count {
      throw .invalid(
        "\(widths.count) widths for \(inputs.count) inputs", .attribute("inputdimensions"))
    }
    var parts: [ValueID?] = []
    for (index, input) in inputs.enumerated() {
      var part = try context.cast(input, to: .float32)
      part =
        try context.knownRank(part, "X") == 1
        ? try context.one(Unsqueeze(), part, try context.vector([0]))
        : try context.one(Flatten(axis: 1), part)
      if let width = widths?[index] {
        if let found = context.fact(part).type.extents?[1].fixed, found < width {
          throw .unsupported("an input narrower than its width in inputdimensions")
        }
        part = try context.one(
          Slice(), part, try context.vector([0]), try context.vector([width]),
          try context.vector([1]))
      }
      parts.append(part)
    }
    return try context.add(Concat(axis: 1), parts)
  }

  static func impute(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "X")
    let element = context.element(x)
    let reals = try attributes.reals("imputed_value_floats") ?? []
    let integers = try attributes.integers("imputed_value_int64s") ?? []
    let replacedReal = try attributes.real("replaced_value_float", default: 0)
    let replacedInteger = try attributes.integer("replaced_value_int64", default: 0)
    let values: ValueID
    let isReplaced: ValueID
    if element.isFloatingPoint {
      guard !reals.isEmpty else {
        throw .invalid("it is required for numbers", .attribute("imputed_value_floats"))
      }
      values = try context.tensor(element, [reals.count], .real(reals))
      // NaN is the only number that does not equal itself.
      isReplaced =
        replacedReal.isNaN
        ? try context.unary(.not, try context.binary(.equal, x, x))
        : try context.binary(.equal, x, try context.scalar(replacedReal, element))
    } else {
      guard !integers.isEmpty else {
        throw .invalid("it is required for integers", .attribute("imputed_value_int64s"))
      }
      values = try context.tensor(
        element, [integers.count], .signed(integers.map { Int64($0) }))
      let replaced = try context.tensor(element, [], .signed([Int64(replacedInteger)]))
      isReplaced = try context.binary(.equal, x, replaced)
    }
    return [try context.select(isReplaced, values, x)]
  }

  static func normalize(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    var x = try context.operand(0, "X")
    if context.element(x) != .float64 { x = try context.cast(x, to: .float32) }
    let kind: ReduceKind = try attributes.choice(
      "norm", default: .maximum, [("MAX", .maximum), ("L1", .l1), ("L2", .l2)])
    let divisor = try context.one(Reduce(kind), x, try context.vector([-1]))
    let zero = try context.scalar(0, context.element(x))
    let isZero = try context.binary(.equal, divisor, zero)
    let quotient = try context.binary(.divide, x, divisor)
    return [try context.cast(try context.select(isZero, x, quotient), to: .float32)]
  }

  static func scale(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    var x = try context.operand(0, "X")
    if context.element(x) != .float64 { x = try context.cast(x, to: .float32) }
    let element = context.element(x)
    if let offset = try attributes.reals("offset"), !offset.isEmpty {
      x = try context.binary(
        .subtract, x, try context.tensor(element, [offset.count], .real(offset)))
    }
    if let scale = try attributes.reals("scale"), !scale.isEmpty {
      x = try context.binary(
        .multiply, x, try context.tensor(element, [scale.count], .real(scale)))
    }
    return [try context.cast(x, to: .float32)]
  }
}
