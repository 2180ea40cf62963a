internal import ApusONNXSchema

/// What a clean-up took away.
package struct CleanupSummary: Sendable, Hashable {
  package var nodes = 0
  package var initializers = 0

  package init() {}
}

extension ModelEditor {
  /// Names that some node, body or output of the main graph reads.
  var readNames: Set<String> {
    get throws(ImportError) {
      var names = Set(model.graph.output.map(\.name))
      for node in model.graph.node { names.formUnion(try GraphReads.names(of: node)) }
      return names
    }
  }

  /// Removes nodes that no output depends on, and initializers that nothing reads. Inputs stay.
  package mutating func cleanUp() throws(ImportError) -> CleanupSummary {
    let reads = try GraphReads(model.graph)
    let needed = reads.ancestors(of: outputNames).nodes
    var summary = CleanupSummary()
    summary.nodes = model.graph.node.count - needed.count
    model.graph.node = model.graph.node.enumerated().filter { needed.contains($0.offset) }
      .map(\.element)
    let read = try readNames
    let before = initializerCount
    removeConstants { !read.contains($0) }
    summary.initializers = before - initializerCount
    removeStaleDescriptions()
    return summary
  }

  /// Removes initializers by name, and their entries among the inputs of old models.
  mutating func removeConstants(_ isDropped: (String) -> Bool) {
    let removable = constantNames.filter(isDropped)
    guard !removable.isEmpty else { return }
    model.graph.initializer.removeAll { removable.contains($0.name) }
    model.graph.sparseInitializer.removeAll { removable.contains($0.values.name) }
    if model.irVersion < 4 { model.graph.input.removeAll { removable.contains($0.name) } }
  }

  /// Removes declared types and annotations of values that are no more.
  mutating func removeStaleDescriptions() {
    let names = valueNames
    model.graph.valueInfo.removeAll { !names.contains($0.name) }
    model.graph.quantizationAnnotation.removeAll { !names.contains($0.tensorName) }
  }
}
