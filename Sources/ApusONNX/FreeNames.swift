internal import ApusIR
internal import ApusONNXSchema

/// The names that a graph reads from the graphs around it, in order of first use.
struct FreeNames {
  private(set) var names: [String] = []
  private var seen: Set<String> = []
  /// How many of the graphs around a node define a name.
  private var defined: [String: Int] = [:]

  init(_ graphs: [Onnx_GraphProto]) throws(ImportError) {
    for graph in graphs { try collect(graph, depth: 0) }
  }

  private mutating func collect(_ graph: Onnx_GraphProto, depth: Int) throws(ImportError) {
    try BodyImporter.check(depth: depth, ResourceLimits())
    var own: [String] = []
    func define(_ name: String) {
      own.append(name)
      defined[name, default: 0] += 1
    }
    graph.input.forEach { define($0.name) }
    graph.initializer.forEach { define($0.name) }
    graph.sparseInitializer.forEach { define($0.values.name) }
    for node in graph.node {
      node.input.forEach { read($0) }
      for attribute in node.attribute {
        if attribute.hasG { try collect(attribute.g, depth: depth + 1) }
        for inner in attribute.graphs { try collect(inner, depth: depth + 1) }
      }
      node.output.forEach(define)
    }
    graph.output.forEach { read($0.name) }
    for name in own { defined[name, default: 1] -= 1 }
  }

  private mutating func read(_ name: String) {
    guard !name.isEmpty, defined[name, default: 0] == 0 else { return }
    if seen.insert(name).inserted { names.append(name) }
  }
}
