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
  func check(_ inputs: [HostValue?]) throws(RuntimeError) {
    if inputs.count < engine.inputs.count {
      let missing = engine.inputs[inputs.count]
      throw .missingInput(name: missing.name, expected: missing.type)
    }
    guard inputs.count == engine.inputs.count else {
      throw .unknownInput(name: "#\(engine.inputs.count)", known: engine.inputs.map(\.name))
    }
    for case (let index, let value?) in inputs.enumerated() {
      let (name, type) = engine.inputs[index]
      let expected = engine.inputTypes[index]
      if expected.isTensor, let tensor = value.tensor {
        guard type.element == tensor.element else {
          throw .inputType(name: name, expected: type, found: tensor.type)
        }
      } else if !expected.isCompatible(with: value.type) {
        throw .inputKind(name: name, expected: expected, found: value.type)
      }
    }
  }
}
