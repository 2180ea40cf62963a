internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Dropout. Inference passes the data on; training keeps each element with a chance of 1 − ratio and
/// scales what is kept by 1 / (1 − ratio).
enum Dropout {
  static func dropout(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1...(context.opset >= 12 ? 3 : 1))
    let data = try context.operand(0, "data")
    if context.opset >= 12 {
      let seed = try attributes.integer("seed")
      guard let training = context.optional(2), booleans(context, training) != false else {
        return try kept(context, data)
      }
      return try dropped(
        context, data, ratio: context.optional(1), training: training, seed: seed)
    }
    let ratio = try attributes.real("ratio", default: 0.5)
    if context.opset < 7 {
      attributes.ignore("consumed_inputs")
      // Left out it would mean training; models that are run rather than trained leave it out.
      if try attributes.integer("is_test", default: 1) == 0 {
        return try dropped(
          context, data, ratio: try context.scalar(ratio, .float32), training: nil, seed: nil)
      }
    }
    return try kept(context, data)
  }

  /// BiasDropout of domain com.microsoft: a bias goes before, a residual on top.
  static func biased(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...5)
    let seed = try attributes.integer("seed")
    let sum = try context.binary(
      .add, try context.operand(0, "data"), try context.operand(1, "bias"))
    var results: [ValueID?]
    if let training = context.optional(4), booleans(context, training) != false {
      results = try dropped(
        context, sum, ratio: context.optional(3), training: training, seed: seed, flags: true)
    } else {
      results = [sum, try context.filled(1, .bool, try context.extents(of: sum))]
    }
    if let residual = context.optional(2), let kept = results[0] {
      results[0] = try context.binary(.add, kept, residual)
    }
    return results
  }

  private static func booleans(_ context: NodeContext, _ value: ValueID) -> Bool? {
    guard let flags = try? context.fact(value).constant?.booleans(), flags.count == 1 else {
      return nil
    }
    return flags[0]
  }

  private static func kept(
    _ context: NodeContext, _ data: ValueID
  ) throws(ImportError) -> [ValueID?] {
    let result = try context.one(Identity(), data)
    guard context.uses(output: 1) else { return [result, nil] }
    let element = context.opset >= 10 ? ElementType.bool : context.element(data)
    return [result, try context.filled(1, element, try context.extents(of: data))]
  }

  private static func dropped(
    _ context: NodeContext, _ data: ValueID, ratio: ValueID?, training: ValueID?, seed: Int?,
    flags: Bool = false
  ) throws(ImportError) -> [ValueID?] {
    let element = context.element(data)
    let share: ValueID
    if let ratio {
      share = try context.cast(ratio, to: .float32)
    } else {
      share = try context.scalar(0.5, .float32)
    }
    let drawn = try RandomGeneration.uniform(context, shapedAs: data, seed: seed)
    var mask = try context.binary(.lessOrEqual, share, drawn)
    let rest = try context.binary(.subtract, try context.scalar(1, .float32), share)
    var scale = try context.unary(.reciprocal, rest)
    if let training, booleans(context, training) == nil {
      let isInference = try context.unary(.not, training)
      mask = try context.binary(.or, mask, isInference)
      scale = try context.select(training, scale, try context.scalar(1, .float32))
    }
    let scaled = try context.binary(.multiply, data, try context.cast(scale, to: element))
    let result = try context.select(mask, scaled, try context.scalar(0, element))
    return [result, flags || context.opset >= 10 ? mask : try context.cast(mask, to: element)]
  }
}
