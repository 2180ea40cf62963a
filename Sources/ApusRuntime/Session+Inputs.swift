internal import ApusIR
internal import ApusTensor

extension Session {
  /// Inputs in the graph's order; those of `cached` positions stay nil.
  func order(
    _ inputs: [String: HostTensor], cached: Set<Int> = []
  ) throws(RuntimeError) -> [HostTensor?] {
    for name in inputs.keys.sorted() where engine.inputIndex[name] == nil {
      throw .unknownInput(name: name, known: engine.inputs.map(\.name))
    }
    var ordered: [HostTensor?] = []
    for (index, (name, type)) in engine.inputs.enumerated() {
      let tensor = inputs[name]
      if tensor == nil, !cached.contains(index) {
        throw .missingInput(name: name, expected: type)
      }
      ordered.append(tensor)
    }
    return ordered
  }

  /// Checks element types against the graph's inputs; shapes are checked when they are first met.
  func check(_ inputs: [HostTensor?]) throws(RuntimeError) {
    guard inputs.count == engine.inputs.count else {
      let missing = engine.inputs[min(inputs.count, engine.inputs.count - 1)]
      throw .missingInput(name: missing.name, expected: missing.type)
    }
    for ((name, type), tensor) in zip(engine.inputs, inputs) {
      guard let tensor, type.element != tensor.element else { continue }
      throw .inputType(name: name, expected: type, found: tensor.type)
    }
  }
}
