internal import ApusLoops
package import ApusTensor

extension Graph: CustomStringConvertible {
  /// The textual form: inputs, weights, one line a node, outputs. `GraphParser` reads it back.
  ///
  ///     graph "mlp" (%x: f32[batch, 4]) {
  ///       weight @w: f32[4] = [1.0, 2.0, 3.0, 4.0]
  ///       weight @axes: i64[1] = splat 0
  ///       %sum = binary "add1"(%x, @w): f32[batch, 4]
  ///       %1, %2 = split(%sum, _) {axis: 1, parts: 2}: f32[batch, 2], f32[batch, 2]
  ///       return %1 as "left", @w as "w"
  ///     }
  package var description: String {
    let labels = GraphLabels(self)
    var text = "graph \(GraphLexer.quoted(name)) ("
    text += inputs.map { "\(labels.definition($0)): \(valueType($0))" }.joined(separator: ", ")
    text += ") {\n"
    for (value, weight) in weights.sorted(by: { $0.key < $1.key }) {
      text += "  weight \(labels.definition(value)): \(weight.tensor.type)"
      if let literal = weight.tensor.literal { text += " = \(literal)" }
      text += "\n"
    }
    for node in nodes { text += "  \(line(node, labels))\n" }
    if !outputs.isEmpty {
      text += "  return "
      text += outputs.map { "\(labels.use($0.value)) as \(GraphLexer.quoted($0.name))" }
        .joined(separator: ", ")
      text += "\n"
    }
    return text + "}\n"
  }

  private func line(_ node: Node, _ labels: GraphLabels) -> String {
    var text = node.results.map(labels.definition).joined(separator: ", ")
    text += (text.isEmpty ? "" : " = ") + node.operation.name
    if !node.name.isEmpty { text += " \(GraphLexer.quoted(node.name))" }
    text += "(" + node.operands.map { $0.map(labels.use) ?? "_" }.joined(separator: ", ") + ")"
    let fields = node.operation.changedFields.map { "\($0.name): \($0.value)" }
    if !fields.isEmpty { text += " {" + fields.joined(separator: ", ") + "}" }
    if !node.results.isEmpty {
      text += ": " + node.results.map { valueType($0).description }.joined(separator: ", ")
    }
    return text
  }
}

/// What values are called in the text: by their names where these are unique, else by a number with
/// the name behind it.
private struct GraphLabels {
  private var labels: [ValueID: String] = [:]
  private var names: [ValueID: String] = [:]

  init(_ graph: Graph) {
    var taken: Set<String> = []
    var count = 0
    func sigil(_ value: ValueID) -> String { graph.weight(value) == nil ? "%" : "@" }
    let values =
      graph.inputs + graph.weights.keys.sorted() + graph.nodes.flatMap(\.results)
    for value in values {
      let name = graph.weight(value)?.name ?? graph[value].name
      let plain = !name.isEmpty && name.utf8.allSatisfy(GraphLexer.isLabelByte)
      let label = sigil(value) + (plain ? name : GraphLexer.quoted(name))
      if name.isEmpty || GraphLexer.isNumber(name) || !taken.insert(label).inserted {
        labels[value] = sigil(value) + String(count)
        if !name.isEmpty { names[value] = name }
      } else {
        labels[value] = label
      }
      count += 1
    }
  }

  func use(_ value: ValueID) -> String { labels[value] ?? "%?\(value.index)" }

  func definition(_ value: ValueID) -> String {
    use(value) + (names[value].map { " " + GraphLexer.quoted($0) } ?? "")
  }
}

extension Operator {
  /// The fields that differ from the defaults.
  fileprivate var changedFields: [(name: String, value: String)] {
    let defaults = Self()
    return Self.fields.filter { $0.get(self) != $0.get(defaults) }
      .map { ($0.name, $0.get(self).text) }
  }
}

extension FieldValue {
  /// Words that mean something else than a text.
  static func isReserved(_ word: String) -> Bool {
    ["true", "false", "none", "nan", "inf", "texts", "graph", "type", "operand"].contains(word)
      || ElementType(name: word) != nil
  }

  /// The form in the text of a graph.
  package var text: String {
    func list(_ values: [String]) -> String { "[" + values.joined(separator: ", ") + "]" }
    return switch self {
    case .integer(let value): String(value)
    case .real(let value): "\(value)"
    case .flag(let value): "\(value)"
    case .text(let value):
      GraphLexer.isIdentifier(value) && !Self.isReserved(value) ? value : GraphLexer.quoted(value)
    case .integers(let values): list(values.map(String.init))
    case .reals(let values): list(values.map { "\($0)" })
    case .texts(let values): "texts" + list(values.map(GraphLexer.quoted))
    case .element(let value): value.name
    case .extents(let values): list(values.map(\.description))
    case .program(let value): "`\(value)`"
    case .body(let body): body.graph.description.trimmingNewline
    case .type(let type): "type \(type)"
    case .named(let entries):
      "{"
        + entries.map { "\(GraphLexer.quoted($0.name)): \($0.value.text)" }.joined(separator: ", ")
        + "}"
    case .operand(let index): "operand \(index)"
    case .none: "none"
    }
  }
}

extension HostTensor {
  /// Weights up to this many elements are printed.
  package static let literalLimit = 16

  /// The elements as they stand in the text of a graph; nil for large and for complex ones.
  fileprivate var literal: String? {
    if case .splat(let storage) = content {
      guard let one = try? HostTensor(element, shape: [], storage: storage),
        let values = try? one.literals()
      else { return nil }
      return values.first.map { "splat \($0)" }
    }
    guard count <= Self.literalLimit, let values = try? literals() else { return nil }
    return "[" + values.joined(separator: ", ") + "]"
  }

  private func literals() throws(TensorError) -> [String] {
    switch try elements() {
    case .real(let values):
      return values.map { element == .float32 ? "\(Float($0))" : "\($0)" }
    case .signed(let values): return values.map { "\($0)" }
    case .unsigned(let values): return values.map { "\($0)" }
    case .boolean(let values): return values.map { "\($0)" }
    case .text(let values): return values.map(GraphLexer.quoted)
    case .complex: throw .unsupportedElement(element, operation: "printing")
    }
  }
}

extension String {
  fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
