internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// Imports the bodies of control flow as closed graphs: what they read of the graph around them
/// becomes explicit operands of the node.
struct BodyImporter {
  /// Refuses bodies that lie deeper than the limits allow, with `around` of them around.
  static func check(depth around: Int, _ limits: ResourceLimits) throws(ImportError) {
    let limit = min(limits.nesting, Body.nestingLimit)
    guard around < limit else {
      throw .unsupported(
        "bodies nested more than \(limit) deep"
          + (limit < Body.nestingLimit ? "; raise the limit with --nestingLimit=N" : ""))
    }
  }

  private let context: NodeContext
  private let protos: [Onnx_GraphProto]
  /// Values of the outer graph that the bodies read, in the order of their last inputs.
  private(set) var captures: [ValueID] = []
  private var capturedNames: [String] = []
  /// Small constants of the outer graph that the bodies read: each body gets its own.
  private var constants: [(name: String, tensor: HostTensor)] = []
  /// Optional inputs of a function that its call left out.
  private var absent: [String] = []
  /// Large constants of each body, which stay in the outer graph.
  private var hoisted: [[String: Int]]

  init(_ context: NodeContext, _ protos: [Onnx_GraphProto]) throws(ImportError) {
    self.context = context
    self.protos = protos
    hoisted = Array(repeating: [:], count: protos.count)
    let state = context.state
    try Self.check(depth: state.bodyDepth, state.options.limits)
    for name in try FreeNames(protos).names {
      switch context.scope.values[name] {
      case nil: continue
      case .some(nil): absent.append(name)
      case .some(let value?):
        if let weight = state.graph.weight(value),
          weight.tensor.storedByteCount <= Body.constantLimit
        {
          constants.append((name, weight.tensor))
        } else {
          captures.append(value)
          capturedNames.append(name)
        }
      }
    }
    for (index, proto) in protos.enumerated() {
      for tensor in proto.initializer {
        let decoded = try state.tensors.decode(tensor)
        guard decoded.storedByteCount > Body.constantLimit else { continue }
        hoisted[index][tensor.name] = captures.count
        captures.append(try state.addWeight(tensor.name, decoded))
        capturedNames.append("")
      }
    }
  }

  /// Imports a branch. One that the types around it rule out is imported for any shapes, since it
  /// will not be taken.
  func branch(_ index: Int) throws(ImportError) -> Body {
    do { return try run(index, []) } catch {
      guard !error.isUnsupported, context.state.retryBody(),
        let body = try? run(index, [], anyShape: true)
      else { throw error }
      return body
    }
  }

  /// Imports one of the bodies for the types of its own inputs; `anyShape` forgets the shapes of
  /// what it reads from outside.
  func run(
    _ index: Int, _ formals: [ValueType], anyShape: Bool = false
  ) throws(ImportError) -> Body {
    let state = context.state
    let proto = protos[index]
    guard formals.count >= proto.input.count else {
      throw .invalid(
        "the body '\(proto.name)' has \(proto.input.count) inputs, the node gives "
          + "\(formals.count)")
    }
    let outer = state.graph
    let captured = captures.map { value in
      anyShape
        ? outer.valueType(value).mapInnermost { TensorType($0.element, .unranked) }
        : outer.valueType(value)
    }
    state.graph = Graph(name: proto.name)
    state.bodyDepth += 1
    defer {
      state.graph = outer
      state.bodyDepth -= 1
    }
    var scope = context.scope
    scope.values = [:]
    scope.prefix = context.name + "/"
    for (position, type) in formals.enumerated() {
      let name = position < proto.input.count ? proto.input[position].name : ""
      let value = state.graph.addInput(name.isEmpty ? "input.\(position)" : name, type)
      if !name.isEmpty { try scope.define(name, value) }
    }
    var inputs: [ValueID] = []
    for (position, type) in captured.enumerated() {
      let name = capturedNames[position]
      let value = state.graph.addInput("captured.\(position)", type)
      inputs.append(value)
      if !name.isEmpty { try scope.defineOuter(name, value) }
    }
    for constant in constants {
      try scope.defineOuter(constant.name, try state.addWeight(constant.name, constant.tensor))
    }
    for name in absent { try scope.defineOuter(name, nil) }
    for tensor in proto.initializer {
      // An initializer with an input's name is that input's default, which the node always gives.
      if scope.values[tensor.name] != nil, proto.input.contains(where: { $0.name == tensor.name }) {
        continue
      }
      if let position = hoisted[index][tensor.name] {
        try scope.define(tensor.name, inputs[position])
      } else {
        try scope.define(tensor, state)
      }
    }
    for tensor in proto.sparseInitializer { try scope.define(tensor, state) }
    for node in proto.node { try NodeImporter.run(node, in: &scope, state) }
    for (position, output) in proto.output.enumerated() {
      guard let value = scope.values[output.name] ?? nil else {
        throw .invalid(
          "no node of the body computes its output '\(output.name)'", .output(output.name))
      }
      state.graph.addOutput("\(position).\(output.name)", value)
    }
    state.graph.removeUnusedWeights()
    return Body(state.graph)
  }

  /// Imports a body whose first states are handed from pass to pass: their types are widened until
  /// what the body makes of them fits.
  ///
  /// `formals` gives the body's inputs for the states' types; `first` is the position of the states
  /// among the body's outputs.
  func run(
    _ index: Int, states initial: [ValueType], firstOutput first: Int,
    _ formals: ([ValueType]) -> [ValueType]
  ) throws(ImportError) -> Body {
    var states = initial.map(\.erasingUnknowns)
    for round in 0... {
      let body = try run(index, formals(states))
      guard body.graph.outputs.count >= first + states.count else {
        throw .invalid(
          "the body has \(body.graph.outputs.count) outputs, expected at least "
            + "\(first + states.count)")
      }
      var next: [ValueType] = []
      for (position, state) in states.enumerated() {
        let output = body.graph.valueType(body.graph.outputs[first + position].value)
        let joined = (state.joined(with: output) ?? state).erasingUnknowns
        next.append(
          round < 2 ? joined : joined.mapInnermost { TensorType($0.element, .unranked) })
      }
      if next == states || round > 3 { return body }
      states = next
    }
    throw .invalid("the types of the body's states do not settle")
  }
}
