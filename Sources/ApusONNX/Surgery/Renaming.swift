internal import ApusIR
internal import ApusONNXSchema

extension ModelEditor {
  /// Renames values of the main graph, wherever they are made, read, declared or annotated, bodies
  /// of control flow included. Several renamings happen at once, so names may be exchanged.
  package mutating func renameValues(_ names: [String: String]) throws(ImportError) {
    let known = valueNames
    for old in names.keys.sorted() where !known.contains(old) { throw unknownValue(old, known) }
    var taken = known.subtracting(names.keys)
    for (old, new) in names.sorted(by: { $0.key < $1.key }) {
      guard !new.isEmpty else { throw .invalid("'\(old)' cannot lose its name") }
      guard taken.insert(new).inserted else {
        throw .invalid("'\(old)' cannot be renamed: there is a value '\(new)' already")
      }
    }
    try checkBodies(model.graph.node.flatMap(\.bodies), Set(names.values), depth: 0)
    Self.rename(&model.graph, names, isMain: true)
  }

  /// A value of a body with a new name would hide the renamed one.
  private func checkBodies(
    _ bodies: [Onnx_GraphProto], _ new: Set<String>, depth: Int
  ) throws(ImportError) {
    try BodyImporter.check(depth: depth, options.limits)
    for body in bodies {
      let own =
        body.input.map(\.name) + body.initializer.map(\.name) + body.node.flatMap(\.output)
      if let clash = own.first(where: new.contains) {
        throw .invalid("the body '\(body.name)' has a value '\(clash)' already")
      }
      try checkBodies(body.node.flatMap(\.bodies), new, depth: depth + 1)
    }
  }

  private static func rename(
    _ graph: inout Onnx_GraphProto, _ all: [String: String], isMain: Bool
  ) {
    var names = all
    if !isMain {
      // What a body defines itself is another value.
      for info in graph.input { names[info.name] = nil }
      for tensor in graph.initializer { names[tensor.name] = nil }
      for node in graph.node { for output in node.output { names[output] = nil } }
    }
    guard !names.isEmpty else { return }
    func renamed(_ name: String) -> String { names[name] ?? name }
    for index in graph.input.indices { graph.input[index].name = renamed(graph.input[index].name) }
    for index in graph.output.indices {
      graph.output[index].name = renamed(graph.output[index].name)
    }
    for index in graph.valueInfo.indices {
      graph.valueInfo[index].name = renamed(graph.valueInfo[index].name)
    }
    for index in graph.initializer.indices {
      graph.initializer[index].name = renamed(graph.initializer[index].name)
    }
    for index in graph.sparseInitializer.indices {
      let name = graph.sparseInitializer[index].values.name
      graph.sparseInitializer[index].values.name = renamed(name)
    }
    for index in graph.quantizationAnnotation.indices {
      let annotation = graph.quantizationAnnotation[index]
      graph.quantizationAnnotation[index].tensorName = renamed(annotation.tensorName)
      for place in annotation.quantParameterTensorNames.indices {
        let entry = annotation.quantParameterTensorNames[place]
        graph.quantizationAnnotation[index].quantParameterTensorNames[place].value = renamed(
          entry.value)
      }
    }
    for index in graph.node.indices {
      graph.node[index].input = graph.node[index].input.map(renamed)
      graph.node[index].output = graph.node[index].output.map(renamed)
      for place in graph.node[index].attribute.indices {
        if graph.node[index].attribute[place].hasG {
          rename(&graph.node[index].attribute[place].g, names, isMain: false)
        }
        for inner in graph.node[index].attribute[place].graphs.indices {
          rename(&graph.node[index].attribute[place].graphs[inner], names, isMain: false)
        }
      }
    }
  }

  /// Renames nodes of the main graph. A node without a name goes by that of its first output.
  package mutating func renameNodes(_ names: [String: String]) throws(ImportError) {
    for (old, new) in names.sorted(by: { $0.key < $1.key }) {
      model.graph.node[try node(old)].name = new
    }
  }

  /// The position of a node of the main graph.
  func node(_ name: String) throws(ImportError) -> Int {
    let nodes = model.graph.node
    let found =
      nodes.indices.filter { nodes[$0].name == name && !name.isEmpty }
    if found.count > 1 { throw .invalid("\(found.count) nodes are called '\(name)'") }
    if let index = found.first ?? nodes.firstIndex(where: { $0.output.contains(name) }) {
      return index
    }
    throw .invalid("the model has no node '\(name)'")
  }
}
