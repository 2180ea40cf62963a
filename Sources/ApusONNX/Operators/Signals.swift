internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Windows and spectra.
enum Signals {
  /// The cosine sum a₀ - a₁ cos(2πn/N) + a₂ cos(4πn/N); N is one less where the window is symmetric.
  static func window(_ terms: [Double]) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(1)
      let size = try context.operand(0, "size")
      let element = try attributes.element("output_datatype") ?? .float32
      let periodic = try attributes.flag("periodic", default: true)
      let work = element == .float64 ? element : .float32
      let count = try context.one(
        Reshape(), try context.indices(size), try context.vector([]))
      let positions = try context.cast(
        try context.one(
          NumericRange(), try context.integerScalar(0), count, try context.integerScalar(1)),
        to: work)
      var period = try context.cast(count, to: work)
      if !periodic { period = try context.binary(.subtract, period, 1) }
      let angle = try context.binary(
        .divide, try context.binary(.multiply, positions, 2 * Double.pi), period)
      var sum: ValueID?
      for (order, term) in terms.enumerated() {
        let part: ValueID
        if order == 0 {
          part = try context.binary(.add, try context.binary(.multiply, positions, 0), term)
        } else {
          part = try context.binary(
            .multiply, try context.unary(.cos, try context.binary(.multiply, angle, Double(order))),
            order % 2 == 1 ? -term : term)
        }
        if let before = sum { sum = try context.binary(.add, before, part) } else { sum = part }
      }
      return [try sum.map { value throws(ImportError) in try context.cast(value, to: element) }]
    }
  }

  static func fourier(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let operation = FourierTransform(
      inverse: try attributes.flag("inverse", default: false),
      oneSided: try attributes.flag("onesided", default: false))
    let data = try context.operand(0, "input")
    if context.opset >= 20 {
      try context.expect(1...3)
      return [try context.one(operation, data, context.optional(1), context.optional(2))]
    }
    try context.expect(1...2)
    let axis = try context.integerScalar(try attributes.integer("axis", default: 1))
    return [try context.one(operation, data, context.optional(1), axis)]
  }

  static func shortTime(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...4)
    let operation = ShortTimeTransform(oneSided: try attributes.flag("onesided", default: true))
    return [
      try context.one(
        operation, try context.operand(0, "signal"), try context.operand(1, "frame_step"),
        context.optional(2), context.optional(3))
    ]
  }

  static func mel(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(5)
    let operation = MelWeights(try attributes.element("output_datatype") ?? .float32)
    return try context.add(operation, try context.variadic())
  }
}
