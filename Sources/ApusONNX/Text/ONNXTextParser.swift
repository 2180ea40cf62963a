internal import ApusONNXSchema

/// Reads models in ONNX text syntax, by recursive descent with bounded depth.
/// Source: ONNX, "ONNX Textual Syntax" (docs/Syntax.md), and the behaviour of `onnx.parser`.
struct ONNXTextParser {
  var lexer: ONNXTextLexer
  private var depth = 0

  /// How deeply graphs and types may nest; protobuf readers accept no more messages in each other.
  private static let depthLimit = 24

  private init(_ text: String) { lexer = ONNXTextLexer(text) }

  static func model(_ text: String) throws(ONNXTextError) -> Onnx_ModelProto {
    var parser = ONNXTextParser(text)
    return try parser.model()
  }

  /// Runs a rule that may contain itself.
  mutating func nested<Result>(
    _ rule: (inout Self) throws(ONNXTextError) -> Result
  ) throws(ONNXTextError) -> Result {
    guard depth < Self.depthLimit else { throw lexer.error("this is nested too deeply") }
    depth += 1
    defer { depth -= 1 }
    return try rule(&self)
  }

  /// `item (',' item)*`
  mutating func list(
    _ item: (inout Self) throws(ONNXTextError) -> Void
  ) throws(ONNXTextError) {
    repeat { try item(&self) } while lexer.take(",")
  }

  /// `open (item (',' item)*)? close`
  mutating func list(
    _ open: Character, _ close: Character, _ item: (inout Self) throws(ONNXTextError) -> Void
  ) throws(ONNXTextError) {
    try lexer.expect(open)
    if lexer.take(close) { return }
    try list(item)
    try lexer.expect(close)
  }

  // MARK: Models and functions

  private mutating func model() throws(ONNXTextError) -> Onnx_ModelProto {
    var model = Onnx_ModelProto()
    if lexer.peek() == "<" {
      try list("<", ">") { (self) throws(ONNXTextError) in
        let key = try self.lexer.identifier()
        try self.lexer.expect(":")
        switch key {
        case "ir_version": model.irVersion = try self.lexer.signed()
        case "opset_import": model.opsetImport = try self.opsets()
        case "producer_name": model.producerName = try self.lexer.text()
        case "producer_version": model.producerVersion = try self.lexer.text()
        case "domain": model.domain = try self.lexer.text()
        case "model_version": model.modelVersion = try self.lexer.signed()
        case "doc_string": model.docString = try self.lexer.text()
        case "metadata_props": model.metadataProps = try self.pairs()
        default: throw self.lexer.error("a model has no property '\(key)'")
        }
      }
    }
    model.graph = try graph()
    while lexer.peek() != nil { model.functions.append(try function()) }
    return model
  }

  private mutating func function() throws(ONNXTextError) -> Onnx_FunctionProto {
    var function = Onnx_FunctionProto()
    if lexer.peek() == "<" {
      try list("<", ">") { (self) throws(ONNXTextError) in
        let key = try self.lexer.identifier()
        try self.lexer.expect(":")
        switch key {
        case "opset_import": function.opsetImport = try self.opsets()
        case "domain": function.domain = try self.lexer.text()
        case "overload": function.overload = try self.lexer.text()
        case "doc_string": function.docString = try self.lexer.text()
        default: throw self.lexer.error("a function has no property '\(key)'")
        }
      }
    }
    function.name = try lexer.name()
    if lexer.peek() == "<" {
      try list("<", ">") { (self) throws(ONNXTextError) in
        let name = try self.lexer.name()
        if [":", "="].contains(self.lexer.peek()) {
          function.attributeProto.append(try self.attribute(named: name))
        } else {
          function.attribute.append(name)
        }
      }
    }
    function.input = try formals(&function.valueInfo)
    try lexer.expectArrow()
    function.output = try formals(&function.valueInfo)
    if lexer.peek() == "<" {
      try list("<", ">") { (self) throws(ONNXTextError) in
        function.valueInfo.append(try self.valueInfo())
      }
    }
    function.node = try nodes()
    return function
  }

  /// Names with optional types; what has a type is described in `infos` as well.
  private mutating func formals(
    _ infos: inout [Onnx_ValueInfoProto]
  ) throws(ONNXTextError) -> [String] {
    var names: [String] = []
    try list("(", ")") { (self) throws(ONNXTextError) in
      let info = try self.valueInfo()
      names.append(info.name)
      if info.hasType { infos.append(info) }
    }
    return names
  }

  private mutating func opsets() throws(ONNXTextError) -> [Onnx_OperatorSetIdProto] {
    var opsets: [Onnx_OperatorSetIdProto] = []
    try list("[", "]") { (self) throws(ONNXTextError) in
      var opset = Onnx_OperatorSetIdProto()
      opset.domain = try self.lexer.text()
      try self.lexer.expect(":")
      opset.version = try self.lexer.signed()
      opsets.append(opset)
    }
    return opsets
  }

  mutating func pairs() throws(ONNXTextError) -> [Onnx_StringStringEntryProto] {
    var pairs: [Onnx_StringStringEntryProto] = []
    try list("[", "]") { (self) throws(ONNXTextError) in
      var pair = Onnx_StringStringEntryProto()
      pair.key = try self.lexer.text()
      try self.lexer.expect(":")
      pair.value = try self.lexer.text()
      pairs.append(pair)
    }
    return pairs
  }

  // MARK: Graphs and nodes

  mutating func graph() throws(ONNXTextError) -> Onnx_GraphProto {
    try nested { (self) throws(ONNXTextError) in
      var graph = Onnx_GraphProto()
      graph.name = try self.lexer.name()
      if self.lexer.peek() == "(" {
        try self.list("(", ")") { (self) throws(ONNXTextError) in
          let info = try self.valueInfo()
          graph.input.append(info)
          if self.lexer.take("=") { graph.initializer.append(try self.initializer(info)) }
        }
      }
      try self.lexer.expectArrow()
      try self.list("(", ")") { (self) throws(ONNXTextError) in
        graph.output.append(try self.valueInfo())
      }
      if self.lexer.peek() == "<" {
        try self.list("<", ">") { (self) throws(ONNXTextError) in
          let info = try self.valueInfo()
          if self.lexer.take("=") {
            graph.initializer.append(try self.initializer(info))
          } else {
            graph.valueInfo.append(info)
          }
        }
      }
      graph.node = try self.nodes()
      return graph
    }
  }

  private mutating func initializer(
    _ info: Onnx_ValueInfoProto
  ) throws(ONNXTextError) -> Onnx_TensorProto {
    var tensor = try self.tensor(of: info.type)
    tensor.name = info.name
    return tensor
  }

  private mutating func nodes() throws(ONNXTextError) -> [Onnx_NodeProto] {
    var nodes: [Onnx_NodeProto] = []
    try lexer.expect("{")
    while !lexer.take("}") { nodes.append(try node()) }
    return nodes
  }

  private mutating func node() throws(ONNXTextError) -> Onnx_NodeProto {
    var node = Onnx_NodeProto()
    if lexer.take("[") {
      if lexer.peek() != "]" { node.name = try lexer.name() }
      try lexer.expect("]")
    }
    node.output = try names()
    try lexer.expect("=")
    var path = [try lexer.identifier()]
    while lexer.take(".") { path.append(try lexer.identifier()) }
    node.opType = path.removeLast()
    // Given even where it is empty, as onnx.parser does, so that both give equal messages.
    node.domain = path.joined(separator: ".")
    if lexer.take(":") { node.overload = try lexer.identifier() }
    node.attribute = try attributes()
    try lexer.expect("(")
    node.input = try names()
    try lexer.expect(")")
    if node.attribute.isEmpty { node.attribute = try attributes() }
    return node
  }

  /// Names between commas; nothing before a comma, or `""`, stands for one left out.
  private mutating func names() throws(ONNXTextError) -> [String] {
    var names: [String] = []
    repeat {
      if lexer.peek() == "\"" {
        names.append(try lexer.text())
        continue
      }
      let name = lexer.optionalIdentifier()
      if name.isEmpty, lexer.peek() != "," { break }
      names.append(name)
    } while lexer.take(",")
    return names
  }
}
