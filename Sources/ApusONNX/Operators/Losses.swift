internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss; classes lie along axis 1.
enum Losses {
  static func likelihood(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    return [try loss(context, &attributes, try context.operand(0, "input"))]
  }

  static func crossEntropy(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    let logs = try context.one(
      Softmax(axis: 1, logarithm: true), try context.operand(0, "scores"))
    return [try loss(context, &attributes, logs), logs]
  }

  private static func loss(
    _ context: NodeContext, _ attributes: inout AttributeReader, _ logs: ValueID
  ) throws(ImportError) -> ValueID {
    enum Reduction { case none, sum, mean }
    let reduction = try attributes.choice(
      "reduction", default: Reduction.mean,
      [("none", .none), ("sum", .sum), ("mean", .mean)])
    let element = context.element(logs)
    var target = try context.operand(1, "target")
    var ignored: ValueID?
    if let index = try attributes.integer("ignore_index") {
      let integer = context.element(target)
      let isIgnored = try context.binary(
        .equal, target, try context.integerScalar(index, integer))
      target = try context.select(isIgnored, try context.scalar(0, integer), target)
      ignored = isIgnored
    }
    let zero = try context.scalar(0, element)
    let picked = try context.one(
      GatherElements(axis: 1), logs, try context.unsqueezed(target, [1]))
    var loss = try context.unary(.negate, try context.squeezed(picked, [1]))
    var weight: ValueID?
    if let weights = context.optional(2) {
      weight = try context.one(Gather(axis: 0), weights, target)
    } else if ignored != nil, reduction == .mean {
      weight = try context.filled(1, element, try context.extents(of: target))
    }
    if let ignored, let own = weight { weight = try context.select(ignored, zero, own) }
    if let weight { loss = try context.binary(.multiply, loss, weight) }
    if let ignored { loss = try context.select(ignored, zero, loss) }
    switch reduction {
    case .none: return loss
    case .sum: return try context.one(Reduce(.sum, keepDimensions: false), loss, nil)
    case .mean:
      guard let weight else {
        return try context.one(Reduce(.mean, keepDimensions: false), loss, nil)
      }
      return try context.binary(
        .divide, try context.one(Reduce(.sum, keepDimensions: false), loss, nil),
        try context.one(Reduce(.sum, keepDimensions: false), weight, nil))
    }
  }
}

extension NodeContext {
  /// A rank-0 integer constant of an element type.
  func integerScalar(_ value: Int, _ element: ElementType) throws(ImportError) -> ValueID {
    try cast(try integerScalar(value), to: element)
  }
}
