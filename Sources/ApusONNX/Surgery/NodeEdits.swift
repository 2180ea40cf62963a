internal import ApusONNXSchema

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A node to insert.
package struct NodeSpecification: Sendable {
  package enum Attribute: Sendable, Hashable {
    case integer(Int)
    case real(Double)
    case text(String)
    case integers([Int])
    case reals([Double])
    case texts([String])
  }

  package var operation: String
  package var domain = ""
  package var name = ""
  /// "" leaves an optional input out.
  package var inputs: [String]
  package var outputs: [String]
  package var attributes: [(name: String, value: Attribute)] = []

  package init(operation: String, inputs: [String], outputs: [String]) {
    self.operation = operation
    self.inputs = inputs
    self.outputs = outputs
  }
}

extension ModelEditor {
  /// Makes values of the main graph outputs as well, behind those there are.
  package mutating func addOutputs(_ items: [ValueSpecification]) throws(ImportError) {
    let known = valueNames
    let types = ValueDescriptions(self)
    for item in items {
      guard known.contains(item.name) else { throw unknownValue(item.name, known) }
      guard !outputNames.contains(item.name) else {
        throw .invalid("'\(item.name)' is an output already")
      }
      model.graph.output.append(try types.info(item, needsElement: false))
    }
    let outputs = Set(outputNames)
    model.graph.valueInfo.removeAll { outputs.contains($0.name) }
  }

  /// Takes outputs away; what computed nothing else goes with `cleanUp`.
  package mutating func removeOutputs(_ names: [String]) throws(ImportError) {
    for name in names {
      guard let index = model.graph.output.firstIndex(where: { $0.name == name }) else {
        throw .invalid(
          "the model has no output '\(name)'; its outputs are "
            + outputNames.joined(separator: ", "))
      }
      model.graph.output.remove(at: index)
    }
    guard !model.graph.output.isEmpty else { throw .invalid("no output would be left") }
  }

  /// Puts a node into the main graph, behind everything that it reads from. Where an output's name
  /// exists already the new node takes over: what made that value before makes it for nobody.
  package mutating func insert(_ item: NodeSpecification) throws(ImportError) {
    let known = valueNames
    for input in item.inputs where !input.isEmpty && !known.contains(input) {
      throw unknownValue(input, known)
    }
    guard item.outputs.contains(where: { !$0.isEmpty }) else {
      throw .invalid("a node needs an output")
    }
    let constants = initializerNames.union(model.graph.input.map(\.name))
    for output in item.outputs where known.contains(output) {
      guard !constants.contains(output) else {
        throw .invalid("'\(output)' is an input or an initializer, no node can make it")
      }
      let replaced = freshName(output + "_replaced")
      for index in model.graph.node.indices where model.graph.node[index].output.contains(output) {
        model.graph.node[index].output = model.graph.node[index].output.map {
          $0 == output ? replaced : $0
        }
      }
    }
    var node = Onnx_NodeProto()
    node.opType = item.operation
    node.domain = item.domain
    node.name = item.name
    node.input = item.inputs
    node.output = item.outputs
    node.attribute = item.attributes.map { Self.attribute($0.name, $0.value) }
    if !item.domain.isEmpty,
      !model.opsetImport.contains(where: { $0.domain == item.domain })
    {
      var opset = Onnx_OperatorSetIdProto()
      opset.domain = item.domain
      opset.version = 1
      model.opsetImport.append(opset)
    }
    model.graph.node.append(node)
    _ = try sortTopologically()
  }

  /// Takes nodes out and hands each one's first input to the readers of its first output.
  package mutating func bypass(_ names: [String]) throws(ImportError) {
    for name in names {
      let index = try node(name)
      let node = model.graph.node[index]
      guard let input = node.input.first, !input.isEmpty, let output = node.output.first,
        !output.isEmpty
      else { throw .invalid("node \(node.label) has no first input and output to join") }
      let reads = try readNames
      if let other = node.output.dropFirst().first(where: { reads.contains($0) }) {
        throw .invalid("node \(node.label) cannot be taken out: its output '\(other)' is read")
      }
      model.graph.node.remove(at: index)
      if outputNames.contains(output) {
        // The output keeps its name, so something must go on making it.
        var identity = Onnx_NodeProto()
        identity.opType = "Identity"
        identity.name = node.name
        identity.input = [input]
        identity.output = [output]
        model.graph.node.insert(identity, at: index)
      }
      replaceReads(of: output, by: input)
    }
    removeStaleDescriptions()
  }

  /// Lets every node but the one that makes it read another value.
  private mutating func replaceReads(of old: String, by new: String) {
    let outputs = model.graph.output
    let made = model.graph.node.contains { $0.output.contains(old) }
    let makers = model.graph.node.map { $0.output.contains(old) }
    let saved = model.graph.node
    Self.rename(&model.graph, reading: [old: new])
    model.graph.output = outputs
    if made {
      for index in model.graph.node.indices where makers[index] {
        model.graph.node[index] = saved[index]
      }
    }
  }

  /// Renames what nodes and bodies read.
  private static func rename(_ graph: inout Onnx_GraphProto, reading names: [String: String]) {
    for index in graph.node.indices {
      graph.node[index].input = graph.node[index].input.map { names[$0] ?? $0 }
      for place in graph.node[index].attribute.indices {
        if graph.node[index].attribute[place].hasG {
          renameBody(&graph.node[index].attribute[place].g, names)
        }
        for inner in graph.node[index].attribute[place].graphs.indices {
          renameBody(&graph.node[index].attribute[place].graphs[inner], names)
        }
      }
    }
  }

  private static func renameBody(_ graph: inout Onnx_GraphProto, _ all: [String: String]) {
    var names = all
    for info in graph.input { names[info.name] = nil }
    for tensor in graph.initializer { names[tensor.name] = nil }
    for node in graph.node { for output in node.output { names[output] = nil } }
    guard !names.isEmpty else { return }
    rename(&graph, reading: names)
    for index in graph.output.indices {
      graph.output[index].name = names[graph.output[index].name] ?? graph.output[index].name
    }
  }

  private static func attribute(
    _ name: String, _ value: NodeSpecification.Attribute
  ) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    switch value {
    case .integer(let number):
      attribute.type = .int
      attribute.i = Int64(number)
    case .real(let number):
      attribute.type = .float
      attribute.f = Float(number)
    case .text(let text):
      attribute.type = .string
      attribute.s = Data(text.utf8)
    case .integers(let numbers):
      attribute.type = .ints
      attribute.ints = numbers.map(Int64.init)
    case .reals(let numbers):
      attribute.type = .floats
      attribute.floats = numbers.map { Float($0) }
    case .texts(let texts):
      attribute.type = .strings
      attribute.strings = texts.map { Data($0.utf8) }
    }
    return attribute
  }
}
