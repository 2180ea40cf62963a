internal import ApusIR
internal import ApusTensor

/// RNN, GRU and LSTM.
enum Recurrent {
  static func layer(_ cell: RecurrentCell) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(3...(cell == .lstm ? 8 : 6))
      var operation = Recurrence()
      operation.cell = cell
      operation.direction = try attributes.choice(
        "direction", default: .forward,
        [("forward", .forward), ("reverse", .reverse), ("bidirectional", .bidirectional)])
      try readActivations(&operation, &attributes)
      operation.clip = try attributes.real("clip")
      if cell == .gru, context.opset >= 3 {
        operation.linearBeforeReset = try attributes.integer("linear_before_reset", default: 0) != 0
      }
      if cell == .lstm {
        operation.couplesGates = try attributes.integer("input_forget", default: 0) != 0
      }
      // Which outputs there are says the node itself.
      if context.opset < 7 { attributes.ignore("output_sequence") }
      let isBatchFirst =
        context.opset >= 14 ? try attributes.flag("layout", default: false) : false
      try checkHidden(context, try attributes.integer("hidden_size"))
      var operands: [ValueID?] = []
      for (index, name) in ["X", "W", "R"].enumerated() {
        operands.append(try context.operand(index, name))
      }
      operands += (3..<max(3, context.operands.count)).map { context.optional($0) }
      if isBatchFirst {
        for index in [0, 5, 6] where index < operands.count {
          if let value = operands[index] {
            operands[index] = try context.transposed(value, [1, 0, 2])
          }
        }
      }
      let results = try context.add(operation, operands)
      guard isBatchFirst else { return results }
      var turned = [try context.transposed(results[0], [2, 0, 1, 3])]
      for state in results.dropFirst() {
        turned.append(try context.transposed(state, [1, 0, 2]))
      }
      return turned
    }
  }

  /// `hidden_size` repeats what the recurrence weight says.
  private static func checkHidden(_ context: NodeContext, _ size: Int?) throws(ImportError) {
    guard let size, let extents = context.fact(try context.operand(2, "R")).type.extents,
      let found = extents.last?.fixed, found != size
    else { return }
    throw .invalid("it is \(size), the recurrence weight has \(found)", .attribute("hidden_size"))
  }

  /// Functions by name in any case; parameters are handed to those that take them, in order.
  static func readActivations(
    _ operation: inout Recurrence, _ attributes: inout AttributeReader
  ) throws(ImportError) {
    let standard: [String] =
      switch operation.cell {
      case .simple: ["tanh"]
      case .gru: ["sigmoid", "tanh"]
      case .lstm: ["sigmoid", "tanh", "tanh"]
      }
    let count = standard.count * operation.direction.count
    var names = try attributes.texts("activations")
    // The default of RNN lists two functions whatever the direction is.
    if operation.cell == .simple, let list = names, list.count > count {
      names = Array(list.prefix(count))
    }
    if names == nil || names?.isEmpty == true {
      names = Array((standard + standard).prefix(count))
    }
    var alphas = (try attributes.reals("activation_alpha") ?? [])[...]
    var betas = (try attributes.reals("activation_beta") ?? [])[...]
    for name in names ?? [] {
      guard
        let kind = RecurrentActivation.allCases.first(where: {
          $0.rawValue.lowercased() == name.lowercased()
        })
      else { throw .invalid("'\(name)' is no function", .attribute("activations")) }
      let defaults = kind.defaults
      operation.activations.append(kind.rawValue)
      operation.alphas.append(defaults.alpha.map { alphas.popFirst() ?? $0 } ?? 0)
      operation.betas.append(defaults.beta.map { betas.popFirst() ?? $0 } ?? 0)
    }
  }
}
