internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// RandomUniform, RandomNormal, their Like forms, Bernoulli and Multinomial.
enum RandomGeneration {
  static func numbers(
    _ distribution: RandomDistribution, like: Bool
  ) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(like ? 1 : 0)
      var operation = RandomNumbers()
      operation.distribution = distribution
      switch distribution {
      case .uniform:
        operation.first = try attributes.real("low", default: 0)
        operation.second = try attributes.real("high", default: 1)
      case .normal:
        operation.first = try attributes.real("mean", default: 0)
        operation.second = try attributes.real("scale", default: 1)
      }
      operation.seed = try seed(&attributes)
      let element = try attributes.element("dtype")
      let shape: ValueID
      if like {
        let input = try context.operand(0, "input")
        operation.element = element ?? context.element(input)
        shape = try context.extents(of: input)
      } else {
        operation.element = element ?? .float32
        guard let extents = try attributes.integers("shape") else {
          throw .invalid("it is required", .attribute("shape"))
        }
        shape = try context.vector(extents)
      }
      return [try context.one(operation, shape)]
    }
  }

  /// 1 with the probability that the input says, else 0.
  static func bernoulli(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let chance = try context.operand(0, "input")
    let element = try attributes.element("dtype") ?? context.element(chance)
    let seed = try seed(&attributes)
    let drawn = try uniform(context, shapedAs: chance, seed: seed)
    let hits = try context.binary(.less, drawn, try context.cast(chance, to: .float32))
    return [try context.cast(hits, to: element)]
  }

  static func multinomial(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let operation = SampleCategories(
      count: try attributes.integer("sample_size", default: 1),
      element: try attributes.element("dtype") ?? .int32, seed: try seed(&attributes))
    return [try context.one(operation, try context.operand(0, "input"))]
  }

  /// Numbers from 0 to 1 in single precision.
  static func uniform(
    _ context: NodeContext, shapedAs value: ValueID, seed: Int?
  ) throws(ImportError) -> ValueID {
    var operation = RandomNumbers()
    operation.seed = seed
    return try context.one(operation, try context.extents(of: value))
  }

  /// The seed is a real number here; its bits are the key.
  private static func seed(_ attributes: inout AttributeReader) throws(ImportError) -> Int? {
    try attributes.real("seed").map { Int(truncatingIfNeeded: $0.bitPattern) }
  }
}
