internal import ApusONNXSchema

/// Who makes and who reads the values of a main graph. What the bodies of control flow read from
/// outside counts as read by the node that holds them.
struct GraphReads {
  /// The node that makes each value.
  let producer: [String: Int]
  /// Per node the names that it reads, each once.
  let names: [[String]]

  init(_ graph: Onnx_GraphProto) throws(ImportError) {
    var producer: [String: Int] = [:]
    var names: [[String]] = []
    for (index, node) in graph.node.enumerated() {
      for output in node.output where !output.isEmpty && producer[output] == nil {
        producer[output] = index
      }
      names.append(try Self.names(of: node))
    }
    self.producer = producer
    self.names = names
  }

  static func names(of node: Onnx_NodeProto) throws(ImportError) -> [String] {
    var seen: Set<String> = [""]
    var names = node.input.filter { seen.insert($0).inserted }
    let bodies = node.bodies
    guard !bodies.isEmpty else { return names }
    names += try FreeNames(bodies).names.filter { seen.insert($0).inserted }
    return names
  }

  /// The nodes that some values depend on, with every name met on the way; the walk stops at names
  /// in `boundary`.
  func ancestors(
    of values: [String], boundary: Set<String> = []
  ) -> (nodes: Set<Int>, names: Set<String>) {
    var nodes: Set<Int> = []
    var seen: Set<String> = []
    var pending = values
    while let name = pending.popLast() {
      guard seen.insert(name).inserted, !boundary.contains(name),
        let node = producer[name], nodes.insert(node).inserted
      else { continue }
      pending += names[node]
    }
    return (nodes, seen)
  }
}

extension Onnx_NodeProto {
  /// The graphs that the node holds.
  var bodies: [Onnx_GraphProto] {
    attribute.flatMap { $0.hasG ? [$0.g] + $0.graphs : $0.graphs }
  }

  /// What messages call the node.
  var label: String {
    let name = name.isEmpty ? output.first { !$0.isEmpty } ?? "" : name
    return "'\(name)' (\(opType))"
  }
}
