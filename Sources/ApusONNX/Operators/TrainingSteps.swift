internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Adagrad, Adam and Momentum of ai.onnx.preview.training: one step for a list of tensors. Operands are
/// rate, step count, then all tensors, all gradients, and all states of each kind.
enum TrainingSteps {
  /// Values of `kinds` lists of equal length.
  private static func lists(
    _ context: NodeContext, kinds: Int
  ) throws(ImportError) -> [[ValueID]] {
    let values = try context.variadic()
    let count = values.count - 2
    guard count > 0, count % kinds == 0 else {
      throw .invalid("\(values.count) operands are not two and \(kinds) lists of equal length")
    }
    let length = count / kinds
    return (0..<kinds).map { Array(values[(2 + $0 * length)..<(2 + ($0 + 1) * length)]) }
  }

  private static func regularized(
    _ context: NodeContext, _ x: ValueID, _ gradient: ValueID, _ factor: Double
  ) throws(ImportError) -> ValueID {
    factor == 0
      ? gradient : try context.binary(.add, try context.binary(.multiply, x, factor), gradient)
  }

  /// What a step computes for one tensor: its new value, then its new states.
  private static func each(
    _ lists: [[ValueID]], _ body: (_ values: [ValueID]) throws(ImportError) -> [ValueID]
  ) throws(ImportError) -> [ValueID?] {
    var results: [[ValueID]] = []
    for index in lists[0].indices { results.append(try body(lists.map { $0[index] })) }
    return results[0].indices.flatMap { kind in results.map { $0[kind] } }
  }

  static func adagrad(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let epsilon = try attributes.real("epsilon", default: 1e-6)
    let decay = try attributes.real("decay_factor", default: 0)
    let norm = try attributes.real("norm_coefficient", default: 0)
    let lists = try lists(context, kinds: 3)
    let rate = try context.operand(0, "R")
    let count = try context.cast(try context.operand(1, "T"), to: context.element(rate))
    let divisor = try context.binary(.add, try context.binary(.multiply, count, decay), 1)
    let decayed = try context.binary(.divide, rate, divisor)
    return try each(lists) { (values) throws(ImportError) in
      let x = values[0]
      let gradient = try regularized(context, x, values[1], norm)
      let squares = try context.binary(
        .add, values[2], try context.binary(.multiply, gradient, gradient))
      let adaptive = try context.binary(.add, try context.unary(.sqrt, squares), epsilon)
      let own = try context.cast(decayed, to: context.element(x))
      let step = try context.binary(
        .divide, try context.binary(.multiply, gradient, own), adaptive)
      return [try context.binary(.subtract, x, step), squares]
    }
  }

  static func adam(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let epsilon = try attributes.real("epsilon", default: 1e-6)
    let alpha = try attributes.real("alpha", default: 0.9)
    let beta = try attributes.real("beta", default: 0.999)
    let norm = try attributes.real("norm_coefficient", default: 0)
    let after = try attributes.real("norm_coefficient_post", default: 0)
    let lists = try lists(context, kinds: 4)
    let rate = try context.operand(0, "R")
    let count = try context.operand(1, "T")
    let element = context.element(rate)
    let exponent = try context.cast(count, to: element)
    func rest(_ base: Double) throws(ImportError) -> ValueID {
      let power = try context.binary(.power, try context.scalar(base, element), exponent)
      return try context.binary(.subtract, try context.scalar(1, element), power)
    }
    let corrected = try context.binary(
      .divide, try context.binary(.multiply, rate, try context.unary(.sqrt, try rest(beta))),
      try rest(alpha))
    let isLater = try context.binary(
      .less, try context.scalar(0, context.element(count)), count)
    let adjusted = try context.select(isLater, corrected, rate)
    return try each(lists) { (values) throws(ImportError) in
      let x = values[0]
      let gradient = try regularized(context, x, values[1], norm)
      let mean = try blended(context, values[2], alpha, gradient)
      let square = try context.binary(.multiply, gradient, gradient)
      let squares = try blended(context, values[3], beta, square)
      let root = try context.binary(.add, try context.unary(.sqrt, squares), epsilon)
      let own = try context.cast(adjusted, to: context.element(x))
      let step = try context.binary(.divide, try context.binary(.multiply, mean, own), root)
      var result = try context.binary(.subtract, x, step)
      if after != 0 { result = try context.binary(.multiply, result, 1 - after) }
      return [result, mean, squares]
    }
  }

  /// share · old + (1 − share) · new
  private static func blended(
    _ context: NodeContext, _ old: ValueID, _ share: Double, _ new: ValueID
  ) throws(ImportError) -> ValueID {
    try context.binary(
      .add, try context.binary(.multiply, old, share),
      try context.binary(.multiply, new, 1 - share))
  }

  static func momentum(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let alpha = try attributes.requiredReal("alpha")
    let beta = try attributes.requiredReal("beta")
    let norm = try attributes.requiredReal("norm_coefficient")
    let isNesterov = try attributes.choice(
      "mode", default: false, [("standard", false), ("nesterov", true)])
    let lists = try lists(context, kinds: 3)
    let rate = try context.operand(0, "R")
    let count = try context.operand(1, "T")
    let isLater = try context.binary(
      .less, try context.scalar(0, context.element(count)), count)
    return try each(lists) { (values) throws(ImportError) in
      let x = values[0]
      let element = context.element(x)
      let gradient = try regularized(context, x, values[1], norm)
      let share = try context.select(
        isLater, try context.scalar(beta, element), try context.scalar(1, element))
      let velocity = try context.binary(
        .add, try context.binary(.multiply, values[2], alpha),
        try context.binary(.multiply, gradient, share))
      var direction = velocity
      if isNesterov {
        direction = try context.binary(
          .add, gradient, try context.binary(.multiply, velocity, alpha))
      }
      let step = try context.binary(.multiply, direction, try context.cast(rate, to: element))
      return [try context.binary(.subtract, x, step), velocity]
    }
  }
}

extension AttributeReader {
  /// A number that a model must give.
  mutating func requiredReal(_ name: String) throws(ImportError) -> Double {
    guard let value = try real(name) else { throw .invalid("it is required", .attribute(name)) }
    return value
  }
}
