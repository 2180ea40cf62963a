internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// The attributes of one node. Every attribute must be read: `finish` throws on leftovers.
struct AttributeReader: ~Copyable {
  private let attributes: [String: Onnx_AttributeProto]
  private var unread: Set<String>
  private let tensors: TensorDecoder

  init(
    _ attributes: [Onnx_AttributeProto], tensors: TensorDecoder
  ) throws(ImportError) {
    var byName: [String: Onnx_AttributeProto] = [:]
    for attribute in attributes {
      guard byName.updateValue(attribute, forKey: attribute.name) == nil else {
        throw .invalid("it is given twice", .attribute(attribute.name))
      }
    }
    self.attributes = byName
    self.unread = Set(byName.keys)
    self.tensors = tensors
  }

  /// Throws if an attribute was never asked for.
  consuming func finish() throws(ImportError) {
    guard let name = unread.min() else { return }
    throw .invalid("the operator has no such attribute at this opset", .attribute(name))
  }

  func has(_ name: String) -> Bool { attributes[name] != nil }

  /// Accepts attributes that have no meaning for inference.
  mutating func ignore(_ names: String...) { unread.subtract(names) }

  private mutating func take(
    _ name: String, _ type: Onnx_AttributeProto.AttributeType
  ) throws(ImportError) -> Onnx_AttributeProto? {
    guard let attribute = attributes[name] else { return nil }
    unread.remove(name)
    // Models of IR version 1 left the type out.
    guard attribute.type == type || attribute.type == .undefined else {
      throw .invalid(
        "expected \(Self.describe(type)), found \(Self.describe(attribute.type))",
        .attribute(name))
    }
    return attribute
  }

  mutating func integer(_ name: String) throws(ImportError) -> Int? {
    guard let attribute = try take(name, .int) else { return nil }
    guard let value = Int(exactly: attribute.i) else {
      throw .invalid("\(attribute.i) leaves the integer range", .attribute(name))
    }
    return value
  }

  mutating func integer(_ name: String, default value: Int) throws(ImportError) -> Int {
    try integer(name) ?? value
  }

  /// An integer attribute that must be 0 or 1.
  mutating func flag(_ name: String, default value: Bool) throws(ImportError) -> Bool {
    switch try integer(name) {
    case nil: return value
    case 0: return false
    case 1: return true
    case .some(let other): throw .invalid("expected 0 or 1, found \(other)", .attribute(name))
    }
  }

  mutating func integers(_ name: String) throws(ImportError) -> [Int]? {
    guard let attribute = try take(name, .ints) else { return nil }
    return attribute.ints.map { Int($0) }
  }

  mutating func real(_ name: String) throws(ImportError) -> Double? {
    try take(name, .float).map { Double($0.f) }
  }

  mutating func real(_ name: String, default value: Double) throws(ImportError) -> Double {
    try real(name) ?? Double(Float(value))
  }

  mutating func reals(_ name: String) throws(ImportError) -> [Double]? {
    try take(name, .floats)?.floats.map { Double($0) }
  }

  mutating func text(_ name: String) throws(ImportError) -> String? {
    try take(name, .string).map { String(decoding: $0.s, as: UTF8.self) }
  }

  /// A text attribute with a fixed set of values.
  mutating func choice<Value>(
    _ name: String, default value: Value, _ choices: [(String, Value)]
  ) throws(ImportError) -> Value {
    guard let text = try text(name) else { return value }
    guard let match = choices.first(where: { $0.0 == text }) else {
      let known = choices.map { "'\($0.0)'" }.joined(separator: ", ")
      throw .invalid("expected one of \(known), found '\(text)'", .attribute(name))
    }
    return match.1
  }

  mutating func texts(_ name: String) throws(ImportError) -> [String]? {
    try take(name, .strings)?.strings.map { String(decoding: $0, as: UTF8.self) }
  }

  mutating func tensor(_ name: String) throws(ImportError) -> HostTensor? {
    guard let attribute = try take(name, .tensor) else { return nil }
    return try tensors.decode(attribute.t)
  }

  mutating func sparseTensor(_ name: String) throws(ImportError) -> HostTensor? {
    guard let attribute = try take(name, .sparseTensor) else { return nil }
    return try SparseTensor.densify(attribute.sparseTensor, tensors)
  }

  /// A graph, which must be there.
  mutating func graph(_ name: String) throws(ImportError) -> Onnx_GraphProto {
    guard let attribute = try take(name, .graph) else {
      throw .invalid("it is required", .attribute(name))
    }
    return attribute.g
  }

  mutating func type(_ name: String) throws(ImportError) -> ValueType? {
    guard let attribute = try take(name, .typeProto) else { return nil }
    return try ValueTypes.value(attribute.tp, of: name)
  }

  /// What is left, for an operator that the table does not know. Tensors among it become operands,
  /// `firstOperand` the first of them.
  mutating func remaining(
    firstOperand: Int
  ) throws(ImportError) -> (values: CustomAttributes, tensors: [HostTensor]) {
    var entries: [CustomAttributes.Entry] = []
    var tensors: [HostTensor] = []
    for name in unread.sorted() {
      guard let attribute = attributes[name] else { continue }
      switch attribute.type {
      case .tensor:
        guard let tensor = try self.tensor(name) else { continue }
        entries.append(.init(name, .operand(firstOperand + tensors.count)))
        tensors.append(tensor)
      case .int: entries.append(.init(name, .integer(try integer(name, default: 0))))
      case .float: entries.append(.init(name, .real(try real(name, default: 0))))
      case .string: entries.append(.init(name, .text(try text(name) ?? "")))
      case .ints: entries.append(.init(name, .integers(try integers(name) ?? [])))
      case .floats: entries.append(.init(name, .reals(try reals(name) ?? [])))
      case .strings: entries.append(.init(name, .texts(try texts(name) ?? [])))
      default:
        throw .unsupported(
          "\(Self.describe(attribute.type)) as an attribute of a custom operator",
          .attribute(name))
      }
    }
    return (CustomAttributes(entries), tensors)
  }

  /// An element type, given by its number.
  mutating func element(_ name: String) throws(ImportError) -> ElementType? {
    guard let code = try integer(name) else { return nil }
    guard let code = Int32(exactly: code), let element = ElementType(onnx: code) else {
      if code == 27 || code == 28 {
        throw .unsupported(
          "elements of type \(ElementType.onnxName(Int32(code)))", .attribute(name))
      }
      throw .invalid("\(code) is no element type", .attribute(name))
    }
    return element
  }

  private static func describe(_ type: Onnx_AttributeProto.AttributeType) -> String {
    switch type {
    case .float: "a number"
    case .int: "an integer"
    case .string: "text"
    case .tensor: "a tensor"
    case .graph: "a graph"
    case .sparseTensor: "a sparse tensor"
    case .typeProto: "a type"
    case .floats: "numbers"
    case .ints: "integers"
    case .strings: "texts"
    case .tensors: "tensors"
    case .graphs: "graphs"
    case .sparseTensors: "sparse tensors"
    case .typeProtos: "types"
    case .undefined: "nothing"
    }
  }
}
