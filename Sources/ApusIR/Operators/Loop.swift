package import ApusTensor

/// Repeats a body while a condition holds, at most a number of times.
///
/// Operands: `tripCount` (one int64) or none for no bound, `condition` (one bool) or none for true,
/// `states` values that are handed from pass to pass, then captured inputs. The body's inputs are the
/// pass (int64 scalar), the condition, the states and the captured inputs; its outputs are the
/// condition, the states and tensors that are stacked along a new first axis. Results: the last
/// states, then the stacks. Source: ONNX Loop-25.
package struct Loop: ValueOperator {
  package static let name = "loop"
  package static let operandNames = ["tripCount", "condition", "state"]
  package static var fields: [Field<Self>] {
    [Field("body", \.body), Field("states", \.states)]
  }

  package var body = Body()
  /// How many values are handed from pass to pass.
  package var states = 0

  package init() {}
  package init(body: Body, states: Int) {
    self.body = body
    self.states = states
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...Int.max)
    if operands[0] != nil { _ = try operands.require(0, element: [.int64]) }
    if operands[1] != nil { _ = try operands.require(1, element: [.bool]) }
    guard states >= 0, states <= operands.count - 2,
      body.graph.outputs.count >= states + 1
    else { throw .invalid(field: "states", reason: "\(states) do not fit operands and body") }
    var initial: [ValueType] = []
    var captured: [Fact] = []
    for index in 2..<operands.count {
      let fact = try operands.requireValue(index)
      if initial.count < states { initial.append(fact.valueType) } else { captured.append(fact) }
    }
    let budget = operands.inferenceBudget
    let fixpoint = try StateTypes.fixpoint(initial, name: "the loop's body") {
      states throws(TypeError) in
      try body.infer(
        [Fact(.int64, []), Fact(.bool, [])] + states.map { Fact($0) } + captured,
        name: "the loop's body", budget
      ).dropFirst().map(\.valueType)
    }
    var facts = fixpoint.states.map { Fact($0) }
    for type in fixpoint.outputs.dropFirst(states) {
      guard case .tensor(let tensor) = type else {
        throw .body("the loop's body", reason: "it stacks \(type), only tensors can be stacked")
      }
      facts.append(Fact(Self.stacked(tensor, count: trips(operands))))
    }
    return facts
  }

  /// The number of passes, where nothing can end the loop early.
  private func trips(_ operands: Operands) -> Extent {
    guard let count = operands[0]?.contents?.first, runsToTheEnd(operands) else { return .unknown }
    return count.fixed.map { .fixed(max($0, 0)) } ?? .unknown
  }

  /// Whether the condition starts as true and the body hands it on or sets it to true.
  private func runsToTheEnd(_ operands: Operands) -> Bool {
    if operands[1] != nil {
      guard (try? operands[1]?.constant?.booleans().first) == true else { return false }
    }
    guard let output = body.graph.outputs.first?.value else { return false }
    if body.graph.inputs.count > 1, output == body.graph.inputs[1] { return true }
    if let producer = body.graph.producer(of: output), producer.operation is Identity,
      body.graph.inputs.count > 1, producer.operands == [body.graph.inputs[1]]
    {
      return true
    }
    return (try? body.graph.fact(output).constant?.booleans().first) == true
  }

  static func stacked(_ type: TensorType, count: Extent) -> TensorType {
    guard let extents = type.extents else { return TensorType(type.element, .unranked) }
    return TensorType(
      type.element, [count] + extents.map { $0.dependsOnData ? .unknown : $0 })
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    let limit = try Self.given(operands, 0)?.decodedIntegers().first
    var condition = try Self.given(operands, 1)?.decodedBooleans().first ?? true
    var current: [HostValue] = []
    for index in 0..<states {
      current.append(StateTypes.fit(try operands.value(2 + index), to: results[index]))
    }
    var captured: [HostValue] = []
    for index in (2 + states)..<max(2 + states, operands.count) {
      captured.append(try operands.value(index))
    }
    var stacks = results.dropFirst(states).map { TensorStack($0.innermost) }
    let evaluator = context.evaluator(body)
    var held = 0
    var pass = 0
    while condition, limit.map({ pass < $0 }) ?? true {
      try context.countPass(body)
      let inputs: [HostValue] = [
        .tensor(try .make(.int64, [], .signed([Int64(pass)]))),
        .tensor(try .make(.bool, [], .boolean([condition]))),
      ]
      let outputs = try context.holding(held).run(evaluator, inputs + current + captured)
      guard let next = try outputs.first?.tensor?.decodedBooleans().first else {
        throw .value("the body's condition is empty")
      }
      condition = next
      current = zip(outputs.dropFirst(), results.prefix(states)).map { StateTypes.fit($0, to: $1) }
      for (index, value) in outputs.dropFirst(states + 1).enumerated() {
        guard let tensor = value.tensor else {
          throw .value("the body gives a \(value.type) to stack")
        }
        try stacks[index].push(tensor, &held, context)
      }
      pass += 1
    }
    var values = current
    for stack in stacks { values.append(.tensor(try stack.finish())) }
    return values
  }

  /// An optional operand, which holds one element where it is given.
  private static func given(
    _ operands: [HostValue?], _ index: Int
  ) throws(EvaluationError) -> HostTensor? {
    guard operands[index] != nil else { return nil }
    let tensor = try operands.tensor(index)
    guard tensor.count == 1 else {
      throw .value("operand '\(operandNames[index])' has \(tensor.count) elements, not one")
    }
    return tensor
  }
}
