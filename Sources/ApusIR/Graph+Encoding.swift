package import ApusTensor

extension Graph {
  /// Weights up to this many bytes lie in the graph itself.
  package static let inlineWeightLimit = 1024

  static let formatVersion: UInt64 = 2

  /// Whether a weight is encoded by reference, so that its bytes must be stored elsewhere.
  package static func isStoredApart(_ tensor: HostTensor) -> Bool {
    switch tensor.content {
    case .dense: tensor.byteCount > inlineWeightLimit
    case .splat, .texts: false
    }
  }

  /// Appends the graph with all weights inside, as bodies of control flow are stored.
  func encodeWhole(into writer: inout ByteWriter) {
    encode(into: &writer, inlineLimit: .max) { _, _ in 0 }
  }

  /// Appends the whole graph: inputs, weights, nodes in execution order, outputs.
  ///
  /// `weightIndex` is asked, in the order of values, for each weight that `isStoredApart`. Values and
  /// nodes are numbered as `compacted` numbers them.
  package func encode(
    into writer: inout ByteWriter, weightIndex: (ValueID, Weight) -> Int
  ) {
    encode(into: &writer, inlineLimit: Self.inlineWeightLimit, weightIndex: weightIndex)
  }

  private func encode(
    into writer: inout ByteWriter, inlineLimit: Int, weightIndex: (ValueID, Weight) -> Int
  ) {
    writer.write(unsigned: Self.formatVersion)
    writer.write(text: name)
    var numbers: [ValueID: Int] = [:]
    func number(_ value: ValueID) { numbers[value] = numbers.count }

    writer.write(count: inputs.count)
    for input in inputs {
      number(input)
      writer.write(text: self[input].name)
      writer.write(valueType(input))
    }
    let constants = weights.sorted { $0.key < $1.key }
    writer.write(count: constants.count)
    for (value, weight) in constants {
      number(value)
      writer.write(weight.tensor, name: weight.name, inlineLimit) { weightIndex(value, weight) }
    }
    let table = operatorTable()
    writer.write(count: table.types.count)
    for type in table.types { writer.writeHeader(type) }
    writer.write(count: order.count)
    for node in nodes {
      writer.write(count: table.indices[node.operation.name] ?? 0)
      writer.write(text: node.name)
      for field in node.operation.fieldValues { writer.write(field.value) }
      writer.write(count: node.operands.count)
      for operand in node.operands {
        writer.write(count: operand.flatMap { numbers[$0] }.map { $0 + 1 } ?? 0)
      }
      writer.write(count: node.results.count)
      for result in node.results {
        number(result)
        writer.write(text: self[result].name)
        writer.write(valueType(result))
      }
    }
    writer.write(count: outputs.count)
    for output in outputs {
      writer.write(text: output.name)
      writer.write(count: numbers[output.value] ?? 0)
    }
  }

  /// The operators used, in order of first use.
  private func operatorTable() -> (types: [any Operator.Type], indices: [String: Int]) {
    var types: [any Operator.Type] = []
    var indices: [String: Int] = [:]
    for node in nodes where indices[node.operation.name] == nil {
      indices[node.operation.name] = types.count
      types.append(Swift.type(of: node.operation))
    }
    return (types, indices)
  }

  /// The same graph with values and nodes numbered densely: inputs, weights, then results in
  /// execution order. Encoding and decoding keeps these numbers. Types are inferred anew.
  package func compacted() throws(TypeError) -> Graph {
    var graph = Graph(name: name)
    var map: [ValueID: ValueID] = [:]
    for input in inputs { map[input] = graph.addInput(self[input].name, valueType(input)) }
    for (value, weight) in weights.sorted(by: { $0.key < $1.key }) {
      map[value] = graph.addWeight(weight.name, weight.tensor)
    }
    for node in nodes {
      let results = try graph.append(
        node.operation, node.operands.map { $0.flatMap { map[$0] } }, name: node.name,
        resultNames: node.results.map { self[$0].name })
      for (old, new) in zip(node.results, results) { map[old] = new }
    }
    for output in outputs {
      if let value = map[output.value] { graph.addOutput(output.name, value) }
    }
    return graph
  }
}

extension ByteWriter {
  fileprivate mutating func writeHeader(_ type: any Operator.Type) {
    write(text: type.name)
    write(count: type.version)
    let names = type.fieldNames
    write(count: names.count)
    for name in names { write(text: name) }
  }

  fileprivate mutating func write(
    _ tensor: HostTensor, name: String, _ inlineLimit: Int, index: () -> Int
  ) {
    write(text: name)
    write(tensor.element)
    write(Shape.ranked(tensor.shape.map(Extent.fixed)))
    switch tensor.content {
    case .texts(let texts):
      write(byte: WeightTag.texts.rawValue)
      for text in texts { write(text: text) }
    case .splat(let storage):
      write(byte: WeightTag.splat.rawValue)
      let bytes = (try? HostTensor(tensor.element, shape: [], storage: storage))?.packedBytes
      write(bytes: bytes ?? [])
    case .dense:
      if tensor.byteCount > inlineLimit {
        write(byte: WeightTag.stored.rawValue)
        write(count: index())
      } else {
        write(byte: WeightTag.packed.rawValue)
        write(bytes: tensor.packedBytes)
      }
    }
  }
}

extension Operator {
  fileprivate static var fieldNames: [String] { fields.map(\.name) }
}
