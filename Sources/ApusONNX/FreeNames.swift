internal import ApusONNXSchema

/// The names that a graph reads from the graphs around it, in order of first use.
struct FreeNames {
  private(set) var names: [String] = []
  private var seen: Set<String> = []

  init(_ graphs: [Onnx_GraphProto]) throws(ImportError) {
    for graph in graphs { try collect(graph, defined: [], depth: 0) }
  }

  private mutating func collect(
    _ graph: Onnx_GraphProto, defined outer: Set<String>, depth: Int
  ) throws(ImportError) {
    guard depth < BodyImporter.depthLimit else {
      throw .unsupported("bodies nested more than \(BodyImporter.depthLimit) deep")
    }
    var defined = outer
    defined.formUnion(graph.input.map(\.name))
    defined.formUnion(graph.initializer.map(\.name))
    defined.formUnion(graph.sparseInitializer.map(\.values.name))
    func isFree(_ name: String) -> Bool { !name.isEmpty && !defined.contains(name) }
    for node in graph.node {
      for input in node.input where isFree(input) { add(input) }
      for attribute in node.attribute {
        if attribute.hasG { try collect(attribute.g, defined: defined, depth: depth + 1) }
        for inner in attribute.graphs { try collect(inner, defined: defined, depth: depth + 1) }
      }
      defined.formUnion(node.output)
    }
    for output in graph.output where isFree(output.name) { add(output.name) }
  }

  private mutating func add(_ name: String) {
    if seen.insert(name).inserted { names.append(name) }
  }
}
