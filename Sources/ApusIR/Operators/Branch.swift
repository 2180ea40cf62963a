package import ApusTensor

/// Runs one of two bodies.
///
/// Operands: `condition` (one bool), then the inputs that both bodies share. The results are the
/// outputs of the body that ran; their types cover both. Source: ONNX If-25.
package struct Branch: ValueOperator {
  package static let name = "branch"
  package static let operandNames = ["condition", "captured"]
  package static var fields: [Field<Self>] {
    [Field("then", \.then), Field("otherwise", \.otherwise)]
  }

  package var then = Body()
  package var otherwise = Body()

  package init() {}
  package init(then: Body, otherwise: Body) {
    self.then = then
    self.otherwise = otherwise
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...Int.max)
    let condition = try operands.require(0, element: [.bool])
    var inputs: [Fact] = []
    for index in 1..<max(1, operands.count) { inputs.append(try operands.requireValue(index)) }
    let budget = operands.inferenceBudget
    let thenFacts = { () throws(TypeError) in
      try then.infer(inputs, name: "the then branch", budget)
    }
    let otherwiseFacts = { () throws(TypeError) in
      try otherwise.infer(inputs, name: "the else branch", budget)
    }
    if let known = try? condition.constant?.booleans().first {
      let taken = known ? try thenFacts() : try otherwiseFacts()
      guard let other = known ? try? otherwiseFacts() : try? thenFacts() else { return taken }
      return Self.wrapping(taken, beside: other)
    }
    // A branch that its operands' types rule out is one that will not be taken.
    guard let first = try? thenFacts() else { return try otherwiseFacts().map(\.withoutShape) }
    guard let second = try? otherwiseFacts() else { return first.map(\.withoutShape) }
    guard first.count == second.count else {
      throw .body(
        "the else branch", reason: "it has \(second.count) outputs, the other \(first.count)")
    }
    var facts: [Fact] = []
    for (index, (a, b)) in zip(first, second).enumerated() {
      guard let joined = StateTypes.join(a.valueType, b.valueType) else {
        throw .mismatch(what: "output \(index) of the branches", a.valueType, b.valueType)
      }
      facts.append(Fact(joined))
    }
    return facts
  }

  /// The facts of the body that is known to run; a tensor stays wrapped where the other body gives an
  /// optional, as it was before the condition was known.
  private static func wrapping(_ taken: [Fact], beside other: [Fact]) -> [Fact] {
    guard taken.count == other.count else { return taken }
    return zip(taken, other).map { mine, theirs in
      if case .optional = mine.valueType { return mine }
      guard case .optional? = StateTypes.join(mine.valueType, theirs.valueType) else {
        return mine
      }
      return Fact(.optional(mine.valueType))
    }
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    guard let condition = try operands.tensor(0).decodedBooleans().first else {
      throw .value("the condition is empty")
    }
    var inputs: [HostValue] = []
    for index in operands.indices.dropFirst() { inputs.append(try operands.value(index)) }
    let body = condition ? then : otherwise
    let values = try context.run(context.evaluator(body), inputs)
    return zip(values, results).map { StateTypes.fit($0, to: $1) }
  }
}

extension Fact {
  /// Only what tensors hold, not their extents.
  fileprivate var withoutShape: Fact {
    Fact(valueType.mapInnermost { TensorType($0.element, .unranked) })
  }
}
