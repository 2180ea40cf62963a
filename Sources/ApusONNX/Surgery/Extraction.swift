internal import ApusONNXSchema
package import ApusTensor

/// A value that an edit names, with what is said about its type.
package struct ValueSpecification: Sendable, Hashable {
  package enum Dimension: Sendable, Hashable {
    case number(Int)
    case symbol(String)
    case unknown
  }

  package var name: String
  /// nil asks for the shape that the model tells.
  package var shape: [Dimension]?
  /// nil asks for the element type that the model tells.
  package var element: ElementType?

  package init(name: String, shape: [Dimension]? = nil, element: ElementType? = nil) {
    self.name = name
    self.shape = shape
    self.element = element
  }
}

extension ModelEditor {
  /// Keeps what computes `outputs` from `inputs`, which may be any values of the main graph. Without
  /// inputs the model's own are kept, without outputs likewise. What initializers give needs no input.
  ///
  /// Throws where a name is unknown, where something else than the inputs is needed, and where a type
  /// is neither given nor follows from the model.
  package mutating func extract(
    inputs: [ValueSpecification], outputs: [ValueSpecification]
  ) throws(ImportError) {
    let types = ValueDescriptions(self)
    let reads = try GraphReads(model.graph)
    let constants = constantNames
    let own = inputNames
    let wanted =
      outputs.isEmpty ? outputNames.map { ValueSpecification(name: $0) } : outputs
    let known = valueNames
    for specification in inputs + wanted where !known.contains(specification.name) {
      throw unknownValue(specification.name, known)
    }
    for (what, list) in [("input", inputs), ("output", wanted)] {
      var seen: Set<String> = []
      for item in list where !seen.insert(item.name).inserted {
        throw .invalid("the \(what) '\(item.name)' is given twice")
      }
    }
    let given = Set(inputs.map(\.name))
    let (nodes, names) = reads.ancestors(of: wanted.map(\.name), boundary: given)
    // Old inputs are in the way unless the caller keeps all of them.
    let missing = own.filter { names.contains($0) && !given.contains($0) }
    guard inputs.isEmpty || missing.isEmpty else {
      let list = missing.map { "'\($0)'" }.joined(separator: ", ")
      throw .invalid(
        "the outputs also depend on \(list); cut there or further on, for example with "
          + missing.map { "--inputs \($0):auto:auto" }.joined(separator: " "))
    }
    try checkReached(names, reads, constants.union(given).union(own), nodes)
    let used = inputs.filter { names.contains($0.name) }
    guard used.count == inputs.count else {
      let idle = inputs.first { !names.contains($0.name) }?.name ?? ""
      throw .invalid("no output depends on the input '\(idle)'")
    }
    let newInputs =
      inputs.isEmpty
      ? model.graph.input.filter { names.contains($0.name) }
      : try inputs.map { (item) throws(ImportError) in try types.info(item, needsElement: true) }
    let newOutputs = try wanted.map { (item) throws(ImportError) in
      try types.info(item, needsElement: false)
    }
    model.graph.node = model.graph.node.enumerated().filter { nodes.contains($0.offset) }
      .map(\.element)
    model.graph.initializer.removeAll { given.contains($0.name) || !names.contains($0.name) }
    model.graph.sparseInitializer.removeAll {
      given.contains($0.values.name) || !names.contains($0.values.name)
    }
    model.graph.input = newInputs
    if model.irVersion < 4 {
      // Initializers are listed among the inputs up to IR version 3.
      let listed = Set(newInputs.map(\.name))
      for tensor in model.graph.initializer where !listed.contains(tensor.name) {
        model.graph.input.append(ValueDescriptions.info(of: tensor))
      }
    }
    model.graph.output = newOutputs
    removeStaleDescriptions()
    let bounds = Set((newInputs + newOutputs).map(\.name))
    model.graph.valueInfo.removeAll { bounds.contains($0.name) }
  }

  /// Everything reached must come from a node that is kept, an input or an initializer.
  private func checkReached(
    _ names: Set<String>, _ reads: GraphReads, _ sources: Set<String>, _ nodes: Set<Int>
  ) throws(ImportError) {
    for name in names.sorted() where reads.producer[name] == nil && !sources.contains(name) {
      guard !initializerNames.contains(name) else { continue }
      throw .invalid("nothing in the model gives the value '\(name)'")
    }
  }

  /// A complaint about a name, with those that may have been meant.
  func unknownValue(_ name: String, _ known: Set<String>) -> ImportError {
    let near = known.filter {
      $0.hasPrefix(name) || $0.hasSuffix(name) || name.hasPrefix($0) && !$0.isEmpty
        || $0.lowercased() == name.lowercased()
    }.sorted().prefix(3)
    let hint = near.isEmpty ? "" : "; did you mean \(near.joined(separator: " or "))?"
    return .invalid("the model has no value '\(name)'\(hint)")
  }
}
