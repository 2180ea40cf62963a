internal import ApusIR
internal import ApusTensor

/// The names of a classifier's classes.
struct ClassLabels {
  /// A vector of strings or int64.
  let value: ValueID
  let count: Int

  /// Reads the one of two attributes that is given.
  init(
    _ context: NodeContext, _ attributes: inout AttributeReader, texts: String, integers: String
  ) throws(ImportError) {
    // Exporters write the other attribute too, and leave it empty.
    let names = try attributes.texts(texts) ?? []
    let numbers = try attributes.integers(integers) ?? []
    guard names.isEmpty != numbers.isEmpty else {
      throw .invalid("one of \(texts) and \(integers) is required")
    }
    value = names.isEmpty ? try context.vector(numbers) : try context.texts(names)
    count = names.isEmpty ? numbers.count : names.count
  }

  /// The labels of classes given by number.
  func of(_ classes: ValueID, _ context: NodeContext) throws(ImportError) -> ValueID {
    try context.one(Gather(axis: 0), value, classes)
  }
}

extension AttributeReader {
  /// The function that models of ONNX-ML apply to their scores.
  mutating func scoreFunction() throws(ImportError) -> ScoreFunction {
    try choice(
      "post_transform", default: .none,
      [
        ("NONE", .none), ("SOFTMAX", .softmax), ("LOGISTIC", .logistic),
        ("SOFTMAX_ZERO", .softmaxOfNonzero), ("PROBIT", .probit),
      ])
  }
}

extension NodeContext {
  /// The data of a model: a table of numbers, in single precision unless `keepsDouble`; a vector is
  /// one row.
  func table(_ name: String = "X", keepsDouble: Bool = false) throws(ImportError) -> ValueID {
    var x = try operand(0, name)
    let element = self.element(x)
    guard element.arithmetic != .text, element.arithmetic != .complex else {
      throw .invalid("it has element type \(element.name), expected numbers", .operand(name))
    }
    if element != .float32, !(keepsDouble && element == .float64) { x = try cast(x, to: .float32) }
    return rank(x) == 1 ? try one(Unsqueeze(), x, try vector([0])) : x
  }

  /// Applies a function to scores, where there is something to do.
  func transformed(
    _ scores: ValueID, _ function: ScoreFunction, second: SecondScore = .none
  ) throws(ImportError) -> ValueID {
    guard function != .none || second != .none else { return scores }
    return try one(ScoreTransform(function, second: second), scores)
  }
}
