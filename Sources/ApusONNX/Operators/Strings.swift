internal import ApusIR
internal import ApusTensor

/// The operators over strings of the standard domain.
enum Strings {
  static func concat(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    return [
      try context.one(StringConcat(), try context.operand(0, "X"), try context.operand(1, "Y"))
    ]
  }

  static func split(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let operation = StringSplit(
      delimiter: try attributes.text("delimiter") ?? "",
      limit: try attributes.integer("maxsplit"))
    return try context.add(operation, [try context.operand(0, "X")])
  }

  static func normalize(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    // The locale only asks for the letters of a language, which Unicode's mappings cover.
    attributes.ignore("locale")
    let operation = StringNormalize(
      letterCase: try attributes.choice(
        "case_change_action", default: .unchanged,
        [("NONE", .unchanged), ("LOWER", .lower), ("UPPER", .upper)]),
      removed: try attributes.texts("stopwords") ?? [],
      matchesCase: try attributes.flag("is_case_sensitive", default: false))
    return [try context.one(operation, try context.operand(0, "X"))]
  }

  static func matches(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    guard let pattern = try attributes.text("pattern") else {
      throw .invalid("it is required", .attribute("pattern"))
    }
    do { _ = try RegularExpression(pattern) } catch {
      if case .unsupported = error { throw .unsupported("\(error)", .attribute("pattern")) }
      throw .invalid("\(error)", .attribute("pattern"))
    }
    return [try context.one(RegexMatch(pattern: pattern), try context.operand(0, "X"))]
  }

  static func ngrams(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    func required<Value>(_ value: Value?, _ name: String) throws(ImportError) -> Value {
      guard let value else { throw .invalid("it is required", .attribute(name)) }
      return value
    }
    guard try attributes.text("mode") != nil else {
      throw .invalid("it is required", .attribute("mode"))
    }
    let weighting = try attributes.choice(
      "mode", default: NGramWeighting.count,
      [("TF", .count), ("IDF", .presence), ("TFIDF", .weightedCount)])
    let columns = try required(attributes.integers("ngram_indexes"), "ngram_indexes")
    let starts = try required(attributes.integers("ngram_counts"), "ngram_counts")
    let last = columns.max() ?? -1
    guard columns.allSatisfy({ $0 >= 0 }), last < Int(Int32.max) else {
      throw .invalid("a column is negative or too large", .attribute("ngram_indexes"))
    }
    let operation = NGramCounts(
      weighting: weighting,
      shortest: try required(attributes.integer("min_gram_length"), "min_gram_length"),
      longest: try required(attributes.integer("max_gram_length"), "max_gram_length"),
      skips: try required(attributes.integer("max_skip_count"), "max_skip_count"),
      width: last + 1)
    let texts = try attributes.texts("pool_strings")
    let numbers = try attributes.integers("pool_int64s")
    let pool: ValueID
    switch (texts, numbers) {
    case (let texts?, nil): pool = try context.texts(texts)
    case (nil, let numbers?): pool = try context.vector(numbers)
    default: throw .invalid("one of pool_strings and pool_int64s is required")
    }
    let weights = try attributes.reals("weights")
    let operands: [ValueID?] = [
      try context.operand(0, "X"), pool, try context.vector(starts), try context.vector(columns),
      weighting == .count ? nil : try weights.map(context.reals),
    ]
    return try context.add(operation, operands)
  }
}

extension NodeContext {
  /// A string vector.
  func texts(_ values: [String]) throws(ImportError) -> ValueID {
    let tensor: HostTensor
    do { tensor = try HostTensor(texts: values, shape: [values.count]) } catch {
      throw .invalid("\(error)")
    }
    return try constant(tensor)
  }

  /// A float32 vector.
  func reals(_ values: [Double]) throws(ImportError) -> ValueID {
    try tensor(.float32, [values.count], .real(values))
  }

  /// A constant of any type and shape.
  func tensor(
    _ element: ElementType, _ shape: [Int], _ values: Elements
  ) throws(ImportError) -> ValueID {
    let tensor: HostTensor
    do { tensor = try HostTensor(element, shape: shape, values) } catch {
      throw .invalid("\(error)")
    }
    return try constant(tensor)
  }
}
