package import ApusTensor

extension Graph {
  /// Parses the textual form that `description` prints.
  ///
  /// `weights` supplies, by name, those that the text only mentions. Types of results may be left
  /// out; those stated must be what the operators' rules give. `custom` supplies the implementations
  /// of custom operators.
  package init(
    text: String, weights: [String: HostTensor] = [:], custom: CustomOperators = CustomOperators()
  ) throws(GraphSyntaxError) {
    var parser = GraphParser(text, weights, custom)
    self = try parser.parse()
  }
}

/// A recursive descent over the words of a graph's text; bodies of control flow nest to a limit.
struct GraphParser {
  private var lexer: GraphLexer
  private let given: [String: HostTensor]
  private var graph = Graph(name: "")
  private var values: [String: ValueID] = [:]
  var token: GraphToken = .end
  /// Where the current word starts.
  var start = 0

  /// How deep bodies may still nest.
  private var depth = Body.nestingLimit

  private let custom: CustomOperators

  init(_ text: String, _ weights: [String: HostTensor], _ custom: CustomOperators) {
    lexer = GraphLexer(text)
    given = weights
    self.custom = custom
  }

  /// A graph inside a field; the current word is `graph`.
  mutating func body() throws(GraphSyntaxError) -> Graph {
    guard depth > 0 else { throw failure(.expected("less nesting of bodies")) }
    let outer = (graph: graph, values: values)
    (graph, values) = (Graph(name: ""), [:])
    depth -= 1
    let inner = try wholeGraph()
    depth += 1
    (graph, values) = outer
    return inner
  }

  func failure(_ reason: GraphSyntaxError.Reason) -> GraphSyntaxError {
    lexer.failure(reason, at: start)
  }

  func unexpected(_ expected: String) -> GraphSyntaxError {
    failure(.unexpected(token.description, expected: expected))
  }

  mutating func advance() throws(GraphSyntaxError) {
    lexer.skipSpaces()
    start = lexer.position
    token = try lexer.next()
  }

  mutating func take(_ character: Character) throws(GraphSyntaxError) -> Bool {
    guard token == .punctuation(character) else { return false }
    try advance()
    return true
  }

  mutating func expect(_ character: Character) throws(GraphSyntaxError) {
    guard try take(character) else { throw unexpected("'\(character)'") }
  }

  mutating func identifier(_ what: String) throws(GraphSyntaxError) -> String {
    guard case .identifier(let name) = token else { throw unexpected(what) }
    try advance()
    return name
  }

  mutating func expect(word: String) throws(GraphSyntaxError) {
    guard token == .identifier(word) else { throw unexpected("'\(word)'") }
    try advance()
  }

  mutating func string(_ what: String) throws(GraphSyntaxError) -> String {
    guard case .string(let text) = token else { throw unexpected(what) }
    try advance()
    return text
  }

  mutating func parse() throws(GraphSyntaxError) -> Graph {
    try advance()
    let graph = try wholeGraph()
    guard token == .end else { throw unexpected(GraphToken.end.description) }
    return graph
  }

  private mutating func wholeGraph() throws(GraphSyntaxError) -> Graph {
    try expect(word: "graph")
    graph.name = try string("the graph's name")
    try expect("(")
    while token != .punctuation(")") {
      let input = try definition("%")
      try expect(":")
      try define(input, graph.addInput(input.name, try valueType()))
      guard try take(",") else { break }
    }
    try expect(")")
    try expect("{")
    while token != .punctuation("}") {
      if token == .identifier("return") {
        try outputs()
        break
      }
      if token == .identifier("weight") { try weight() } else { try node() }
    }
    try expect("}")
    return graph
  }

  /// A label where its value is defined.
  private struct Definition {
    var key: String
    /// The value's name.
    var name: String
    var place: Int
  }

  private mutating func define(
    _ definition: Definition, _ value: ValueID
  ) throws(GraphSyntaxError) {
    guard values.updateValue(value, forKey: definition.key) == nil else {
      throw lexer.failure(.definedTwice(definition.key), at: definition.place)
    }
  }

  private mutating func definition(
    _ sigil: Character
  ) throws(GraphSyntaxError) -> Definition {
    guard case .label(sigil, let label, let isNumber) = token else {
      throw unexpected("a name after '\(sigil)'")
    }
    var result = Definition(key: "\(sigil)\(label)", name: label, place: start)
    try advance()
    guard isNumber else { return result }
    result = Definition(key: "\(sigil)#\(label)", name: "", place: result.place)
    if case .string(let name) = token {
      try advance()
      result.name = name
    }
    return result
  }

  private mutating func use() throws(GraphSyntaxError) -> ValueID {
    guard case .label(let sigil, let label, let isNumber) = token else {
      throw unexpected("a value")
    }
    guard let value = values["\(sigil)\(isNumber ? "#" : "")\(label)"] else {
      throw failure(.undefinedValue("\(sigil)\(label)"))
    }
    try advance()
    return value
  }

  private mutating func outputs() throws(GraphSyntaxError) {
    try advance()
    repeat {
      let value = try use()
      try expect(word: "as")
      graph.addOutput(try string("the output's name"), value)
    } while try take(",")
  }

  mutating func valueType(
    depth: Int = ValueType.nestingLimit
  ) throws(GraphSyntaxError) -> ValueType {
    guard depth > 0 else { throw failure(.expected("a type with less nesting")) }
    switch token {
    case .identifier("sequence"): return .sequence(try inner(depth))
    case .identifier("optional"): return .optional(try inner(depth))
    case .identifier("map"):
      try advance()
      try expect("(")
      guard let key = ElementType(name: try identifier("an element type")) else {
        throw unexpected("an element type")
      }
      try expect(",")
      let value = try valueType(depth: depth - 1)
      try expect(")")
      return .map(key: key, value: value)
    default: return .tensor(try type())
    }
  }

  /// What stands in parentheses behind the name of a container.
  private mutating func inner(_ depth: Int) throws(GraphSyntaxError) -> ValueType {
    try advance()
    try expect("(")
    let type = try valueType(depth: depth - 1)
    try expect(")")
    return type
  }

  private mutating func type() throws(GraphSyntaxError) -> TensorType {
    guard case .identifier(let name) = token, let element = ElementType(name: name) else {
      throw unexpected("an element type")
    }
    try advance()
    guard token == .punctuation("[") else { throw unexpected("'['") }
    let entries = try listEntries()
    if entries == ["*"] { return TensorType(element, .unranked) }
    var extents: [Extent] = []
    for entry in entries { extents.append(try extent(entry)) }
    return TensorType(element, extents)
  }

  /// The texts of a list's entries; the current word is its opening bracket.
  mutating func listEntries() throws(GraphSyntaxError) -> [String] {
    var entries: [String] = []
    while true {
      let entry = try lexer.entry().trimmed
      try advance()
      let last = token == .punctuation("]")
      if !(entry.isEmpty && last && entries.isEmpty) { entries.append(entry) }
      if last {
        try advance()
        return entries
      }
    }
  }

  func extent(_ text: String) throws(GraphSyntaxError) -> Extent {
    do { return try Extent(parsing: text) } catch { throw failure(.extent(error)) }
  }

  private mutating func weight() throws(GraphSyntaxError) {
    try advance()
    let weight = try definition("@")
    let name = weight.name
    try expect(":")
    let type = try type()
    guard let shape = type.fixedShape else { throw failure(.expected("a fixed shape")) }
    let tensor: HostTensor
    if try take("=") {
      tensor = try literal(type.element, shape)
    } else {
      guard let found = given[name] else {
        throw lexer.failure(.missingWeight(name), at: weight.place)
      }
      guard found.type == type else {
        throw lexer.failure(
          .weightType(name, expected: type, found: found.type), at: weight.place)
      }
      tensor = found
    }
    try define(weight, graph.addWeight(name, tensor))
  }

  private mutating func node() throws(GraphSyntaxError) {
    let begin = start
    var definitions: [Definition] = []
    if case .label = token {
      repeat {
        definitions.append(try definition("%"))
      } while try take(",")
      try expect("=")
    }
    let operation = try identifier("an operator")
    var name = ""
    if case .string(let text) = token {
      name = text
      try advance()
    }
    try expect("(")
    var operands: [ValueID?] = []
    while token != .punctuation(")") {
      if token == .identifier("_") {
        try advance()
        operands.append(nil)
      } else {
        operands.append(try use())
      }
      guard try take(",") else { break }
    }
    try expect(")")
    let made = try self.operation(operation, try fields(), at: begin)
    let results: [ValueID]
    do {
      results = try graph.append(
        try custom.linked(made), operands, name: name, resultNames: definitions.map(\.name))
    } catch {
      throw lexer.failure(.type(error), at: begin)
    }
    guard results.count == definitions.count else {
      throw lexer.failure(
        .type(.resultCount(expected: results.count, found: definitions.count)), at: begin)
    }
    for (definition, value) in zip(definitions, results) { try define(definition, value) }
    if try take(":") { try statedTypes(results) }
  }

  private mutating func statedTypes(_ results: [ValueID]) throws(GraphSyntaxError) {
    for (index, result) in results.enumerated() {
      if index > 0 { try expect(",") }
      let place = start
      let stated = try valueType()
      let found = graph.valueType(result)
      guard stated.erasingUnknowns == found.erasingUnknowns else {
        throw lexer.failure(.resultType(stated: stated, inferred: found), at: place)
      }
    }
  }

  private func operation(
    _ name: String, _ fields: [(name: String, value: FieldValue)], at place: Int
  ) throws(GraphSyntaxError) -> any Operator {
    guard let type = operatorType(named: name) else {
      throw lexer.failure(.operation(.unknownOperator(name)), at: place)
    }
    do { return try type.parsed(fields) } catch {
      throw lexer.failure(.operation(error), at: place)
    }
  }
}

extension Operator {
  fileprivate static func parsed(
    _ fields: [(name: String, value: FieldValue)]
  ) throws(FieldDecodingError) -> any Operator {
    try Self.decode(fields).get()
  }
}
