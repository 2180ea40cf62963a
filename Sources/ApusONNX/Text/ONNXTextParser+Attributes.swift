internal import ApusONNXSchema

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Attributes of nodes and functions.
extension ONNXTextParser {
  private typealias Kind = Onnx_AttributeProto.AttributeType

  private static let kinds: [String: Kind] = [
    "float": .float, "int": .int, "string": .string, "tensor": .tensor, "graph": .graph,
    "sparse_tensor": .sparseTensor, "type_proto": .typeProto, "floats": .floats, "ints": .ints,
    "strings": .strings, "tensors": .tensors, "graphs": .graphs,
    "sparse_tensors": .sparseTensors, "type_protos": .typeProtos,
  ]

  /// The kind of a list's items; nil for kinds that are no lists.
  private static func item(of kind: Kind) -> Kind? {
    switch kind {
    case .floats: .float
    case .ints: .int
    case .strings: .string
    case .tensors: .tensor
    case .graphs: .graph
    case .sparseTensors: .sparseTensor
    case .typeProtos: .typeProto
    default: nil
    }
  }

  mutating func attributes() throws(ONNXTextError) -> [Onnx_AttributeProto] {
    var attributes: [Onnx_AttributeProto] = []
    guard lexer.peek() == "<" else { return attributes }
    try list("<", ">") { (self) throws(ONNXTextError) in
      attributes.append(try self.attribute(named: try self.lexer.identifier()))
    }
    return attributes
  }

  mutating func attribute(named name: String) throws(ONNXTextError) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    var kind: Kind?
    if lexer.take(":") {
      let text = try lexer.identifier()
      guard let known = Self.kinds[text] else {
        throw lexer.error("'\(text)' is no kind of attribute")
      }
      kind = known
    }
    try lexer.expect("=")
    guard lexer.take("[") else {
      try value(&attribute, kind)
      return attribute
    }
    if lexer.take("]") {
      guard let kind else {
        throw lexer.error("an empty list needs its kind, such as '\(name): ints = []'")
      }
      guard Self.item(of: kind) != nil else { throw lexer.error("'\(name)' is no list") }
      attribute.type = kind
      return attribute
    }
    if let kind { attribute.type = kind }
    try list { (self) throws(ONNXTextError) in
      try self.item(&attribute, kind.flatMap(Self.item))
    }
    try lexer.expect("]")
    return attribute
  }

  /// One value of a list.
  private mutating func item(
    _ list: inout Onnx_AttributeProto, _ expected: Kind?
  ) throws(ONNXTextError) {
    var single = Onnx_AttributeProto()
    // Lists of numbers may mix integers among reals, as in [1, 2.5].
    try value(&single, expected ?? (list.type == .floats ? .float : nil))
    let kind: Kind
    switch single.type {
    case .int:
      kind = .ints
      list.ints.append(single.i)
    case .float:
      kind = .floats
      if list.type == .ints {
        list.floats = list.ints.map { Float($0) }
        list.ints = []
        list.type = .floats
      }
      list.floats.append(single.f)
    case .string:
      kind = .strings
      list.strings.append(single.s)
    case .tensor:
      kind = .tensors
      list.tensors.append(single.t)
    case .graph:
      kind = .graphs
      list.graphs.append(single.g)
    case .typeProto:
      kind = .typeProtos
      list.typeProtos.append(single.tp)
    default: throw lexer.error("a reference cannot stand in a list")
    }
    guard list.type == .undefined || list.type == kind else {
      throw lexer.error("the list mixes kinds of values")
    }
    list.type = kind
  }

  private mutating func value(
    _ attribute: inout Onnx_AttributeProto, _ expected: Kind?
  ) throws(ONNXTextError) {
    if lexer.take("@") {
      attribute.refAttrName = try lexer.name()
      if let expected { attribute.type = expected }
      return
    }
    if isAtType {
      try typed(&attribute)
    } else if !lexer.peekIdentifier().isEmpty, !lexer.peekNamedNumber() {
      attribute.type = .graph
      attribute.g = try graph()
    } else {
      switch try lexer.literal() {
      case .integer(let digits) where expected == .float:
        attribute.type = .float
        attribute.f = Float(try lexer.real(digits))
      case .integer(let digits):
        guard let value = Int64(digits) else {
          throw lexer.error("\(digits) is no 64-bit integer")
        }
        attribute.type = .int
        attribute.i = value
      case .real(let digits):
        attribute.type = .float
        attribute.f = try Self.single(digits, lexer)
      case .text(let text):
        attribute.type = .string
        attribute.s = Data(text.utf8)
      }
    }
    guard expected == nil || expected == attribute.type else {
      throw lexer.error("the value of '\(attribute.name)' is of another kind than it says")
    }
  }

  /// Rounds once, from the text.
  static func single(_ digits: String, _ lexer: ONNXTextLexer) throws(ONNXTextError) -> Float {
    guard let value = Float(digits.hasSuffix(".") ? digits + "0" : digits) else {
      throw lexer.error("'\(digits)' is no number")
    }
    return value
  }

  /// A tensor, or a type where no tensor follows it.
  private mutating func typed(_ attribute: inout Onnx_AttributeProto) throws(ONNXTextError) {
    let type = try self.type()
    let next = lexer.peek()
    guard next == "{" || next == "=" || next == "\"" || !lexer.peekIdentifier().isEmpty else {
      attribute.type = .typeProto
      attribute.tp = type
      return
    }
    let name = next == "\"" ? try lexer.text() : lexer.optionalIdentifier()
    _ = lexer.take("=")
    attribute.type = .tensor
    attribute.t = try tensor(of: type)
    attribute.t.name = name
  }
}
