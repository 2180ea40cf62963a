internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// SVMClassifier and SVMRegressor.
enum SupportVectors {
  static func regress(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.table()
    let kernel = try kernel(&attributes)
    let coefficients = try attributes.reals("coefficients") ?? []
    let vectors = try attributes.reals("support_vectors") ?? []
    let count = try attributes.integer("n_supports", default: 0)
    let offsets = try attributes.reals("rho") ?? []
    let isOneClass = try attributes.flag("one_class", default: false)
    let function = try attributes.scoreFunction()
    var scores: ValueID
    if count > 0 {
      guard coefficients.count == count else {
        throw .invalid("\(coefficients.count) coefficients for \(count) vectors")
      }
      let similarity = try compare(context, x, vectors, count: count, kernel)
      scores = try LinearModels.scores(context, similarity, coefficients, offsets, rows: 1)
    } else {
      scores = try LinearModels.scores(context, x, coefficients, offsets, rows: 1)
    }
    scores = try context.transformed(scores, function)
    if isOneClass {
      let zero = try context.scalar(0, .float32)
      scores = try context.select(
        try context.binary(.less, zero, scores), try context.scalar(1, .float32),
        try context.scalar(-1, .float32))
    }
    return [scores]
  }

  static func classify(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.table()
    let labels = try ClassLabels(
      context, &attributes, texts: "classlabels_strings", integers: "classlabels_ints")
    let kernel = try kernel(&attributes)
    let function = try attributes.scoreFunction()
    let coefficients = try attributes.reals("coefficients") ?? []
    let vectors = try attributes.reals("support_vectors") ?? []
    let sizes = try attributes.integers("vectors_per_class") ?? []
    let offsets = try attributes.reals("rho") ?? []
    let slopes = try attributes.reals("prob_a") ?? []
    let intercepts = try attributes.reals("prob_b") ?? []
    var count = 0
    for size in sizes {
      guard size >= 0, size < 1 << 40 else {
        throw .invalid("\(size) vectors of a class", .attribute("vectors_per_class"))
      }
      count += size
    }
    if count == 0 {
      // Without support vectors the coefficients are those of a linear model.
      let scores = try LinearModels.scores(
        context, x, coefficients, Array(offsets.prefix(1)), rows: labels.count)
      let classes = try context.one(ClassDecision(threshold: 0), scores)
      return [
        try labels.of(classes, context), try context.transformed(scores, function),
      ]
    }
    let classCount = labels.count
    let pairs = classCount * (classCount - 1) / 2
    guard sizes.count == classCount, classCount > 1, offsets.count >= pairs,
      coefficients.count == (classCount - 1) * count
    else {
      throw .invalid(
        "\(classCount) classes with \(coefficients.count) coefficients of \(count) vectors, "
          + "\(offsets.count) offsets")
    }
    let decisions = try context.one(
      PairwiseDecision(), try compare(context, x, vectors, count: count, kernel),
      try context.tensor(.float32, [classCount - 1, count], .real(coefficients)),
      try context.reals(Array(offsets.prefix(pairs))), try context.vector(sizes))
    let classes = try context.one(PairwiseVote(classes: classCount), decisions)
    let label = try labels.of(classes, context)
    guard slopes.isEmpty else {
      guard slopes.count >= pairs, intercepts.count >= pairs else {
        throw .invalid("prob_a and prob_b need \(pairs) values each")
      }
      let probabilities = try context.one(
        PairwiseProbability(classes: classCount), decisions,
        try context.reals(Array(slopes.prefix(pairs))),
        try context.reals(Array(intercepts.prefix(pairs))))
      return [label, try context.transformed(probabilities, function)]
    }
    let second: SecondScore =
      classCount > 2 ? .none : function == .none ? .opposite : .complement
    return [label, try context.transformed(decisions, function, second: second)]
  }

  private static func kernel(
    _ attributes: inout AttributeReader
  ) throws(ImportError) -> KernelSimilarity {
    let function: KernelFunction = try attributes.choice(
      "kernel_type", default: .linear,
      [("LINEAR", .linear), ("POLY", .polynomial), ("RBF", .radial), ("SIGMOID", .sigmoid)])
    let numbers = try attributes.reals("kernel_params") ?? []
    func parameter(_ index: Int) -> Double { index < numbers.count ? numbers[index] : 0 }
    return KernelSimilarity(
      function, gamma: parameter(0), offset: parameter(1), degree: parameter(2))
  }

  private static func compare(
    _ context: NodeContext, _ x: ValueID, _ vectors: [Double], count: Int,
    _ kernel: KernelSimilarity
  ) throws(ImportError) -> ValueID {
    guard vectors.count % count == 0 else {
      throw .invalid("\(vectors.count) numbers are no \(count) vectors")
    }
    let table = try context.tensor(.float32, [count, vectors.count / count], .real(vectors))
    return try context.one(kernel, x, table)
  }
}
