package import ApusTensor

/// Runs a body over slices of tensors along their scan axes.
///
/// Operands: `states` values that are handed from pass to pass, `inputs.count` tensors that are cut
/// into slices, then captured inputs. The body's inputs are the states, one slice of each tensor and
/// the captured inputs; its outputs are the states and tensors that are stacked. Results: the last
/// states, then the stacks. Source: ONNX Scan-25.
package struct Scan: ValueOperator {
  package static let name = "scan"
  package static let operandNames = ["operand"]
  package static var fields: [Field<Self>] {
    [
      Field("body", \.body), Field("states", \.states), Field("inputAxes", \.inputAxes),
      Field("inputsReversed", \.inputsReversed), Field("outputAxes", \.outputAxes),
      Field("outputsReversed", \.outputsReversed),
    ]
  }

  package var body = Body()
  package var states = 0
  /// The axis of each tensor that is cut; its count is that of these tensors.
  package var inputAxes: [Int] = []
  /// 1 for each tensor whose slices are taken from the end, else 0.
  package var inputsReversed: [Int] = []
  /// The axis along which each further output is stacked.
  package var outputAxes: [Int] = []
  /// 1 for each stack that is built from the end, else 0.
  package var outputsReversed: [Int] = []

  package init() {}

  private static let what = "the scan's body"

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    let cut = inputAxes.count
    guard states >= 0, cut > 0, cut <= operands.count, states <= operands.count - cut else {
      throw .invalid(field: "states", reason: "\(states) and \(cut) inputs do not fit the operands")
    }
    guard inputsReversed.count == cut, outputsReversed.count == outputAxes.count,
      body.graph.outputs.count == states + outputAxes.count
    else { throw .invalid(field: "outputAxes", reason: "the fields do not fit the body") }
    var initial: [ValueType] = []
    for index in 0..<states { initial.append(try operands.requireValue(index).valueType) }
    var slices: [Fact] = []
    var length: Extent?
    for (index, axis) in inputAxes.enumerated() {
      let fact = try operands.require(states + index)
      guard var extents = fact.type.extents else {
        slices.append(.unknown(fact.element))
        continue
      }
      let axis = try normalize(axis: axis, rank: extents.count)
      let extent = extents.remove(at: axis)
      if let known = length?.fixed, let found = extent.fixed, known != found {
        throw .extents(operand: operands.name(states + index), found: extent, expected: length ?? 0)
      }
      if length?.fixed == nil { length = extent }
      slices.append(Fact(fact.element, extents))
    }
    var captured: [Fact] = []
    for index in (states + cut)..<max(states + cut, operands.count) {
      captured.append(try operands.requireValue(index))
    }
    let budget = operands.inferenceBudget
    let fixpoint = try StateTypes.fixpoint(initial, name: Self.what) { states throws(TypeError) in
      try body.infer(states.map { Fact($0) } + slices + captured, name: Self.what, budget)
        .map(\.valueType)
    }
    var facts = fixpoint.states.map { Fact($0) }
    for (axis, type) in zip(outputAxes, fixpoint.outputs.dropFirst(states)) {
      guard case .tensor(let tensor) = type else {
        throw .body(Self.what, reason: "it stacks \(type), only tensors can be stacked")
      }
      guard var extents = tensor.extents else {
        facts.append(.unknown(tensor.element))
        continue
      }
      extents = extents.map { $0.dependsOnData ? .unknown : $0 }
      extents.insert(length ?? .unknown, at: try normalize(axis: axis, rank: extents.count + 1))
      facts.append(Fact(tensor.element, extents))
    }
    return facts
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    var current: [HostValue] = []
    for index in 0..<states {
      current.append(StateTypes.fit(try operands.value(index), to: results[index]))
    }
    var inputs: [(tensor: HostTensor, axis: Int)] = []
    for (index, axis) in inputAxes.enumerated() {
      let tensor = try operands.tensor(states + index)
      inputs.append((tensor, try normalized(axis, rank: tensor.rank)))
    }
    guard let first = inputs.first else { throw .value("a scan without inputs") }
    let length = first.tensor.shape[first.axis]
    guard inputs.allSatisfy({ $0.tensor.shape[$0.axis] == length }) else {
      throw .value("the scanned tensors differ in length")
    }
    var captured: [HostValue] = []
    for index in (states + inputs.count)..<max(states + inputs.count, operands.count) {
      captured.append(try operands.value(index))
    }
    var stacks: [TensorStack] = []
    for (axis, type) in zip(outputAxes, results.dropFirst(states)) {
      stacks.append(TensorStack(type.innermost, axis: axis))
    }
    let evaluator = context.evaluator(body)
    var held = 0
    for pass in 0..<length {
      try context.countPass(body)
      var slices: [HostValue] = []
      for (index, input) in inputs.enumerated() {
        let position = inputsReversed[index] == 0 ? pass : length - 1 - pass
        slices.append(.tensor(try input.tensor.slice(position, axis: input.axis)))
      }
      let outputs = try context.holding(held).run(evaluator, current + slices + captured)
      current = zip(outputs, results.prefix(states)).map { StateTypes.fit($0, to: $1) }
      for (index, value) in outputs.dropFirst(states).enumerated() {
        guard let tensor = value.tensor else {
          throw .value("the body gives a \(value.type) to stack")
        }
        try stacks[index].push(tensor, &held, context)
      }
    }
    var values = current
    for (index, stack) in stacks.enumerated() {
      values.append(.tensor(try stack.finish(reversed: outputsReversed[index] != 0)))
    }
    return values
  }
}

extension HostTensor {
  /// The slice at a position of an axis, without that axis.
  func slice(_ position: Int, axis: Int) throws(EvaluationError) -> HostTensor {
    var view = shape
    view.remove(at: axis)
    let strides = rowMajorStrides(shape)
    var rest = strides
    rest.remove(at: axis)
    return try self.view(view, strides: rest, start: position * strides[axis])
  }
}
