internal import ApusIR
internal import ApusONNX
internal import ApusONNXSchema
internal import ApusTensor
internal import Foundation
internal import SwiftProtobuf

/// Builds small ONNX models for tests.
struct ModelBuilder {
  var model = Onnx_ModelProto()

  init(opset: Int, ir: Int64 = 8) {
    model.irVersion = ir
    model.opsetImport = [Self.opset("", opset)]
    model.graph.name = "test"
  }

  static func opset(_ domain: String, _ version: Int) -> Onnx_OperatorSetIdProto {
    var entry = Onnx_OperatorSetIdProto()
    entry.domain = domain
    entry.version = Int64(version)
    return entry
  }

  static func entry(_ key: String, _ value: String) -> Onnx_StringStringEntryProto {
    var entry = Onnx_StringStringEntryProto()
    entry.key = key
    entry.value = value
    return entry
  }

  enum Dimension: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    case number(Int64)
    case name(String)
    case nothing

    init(integerLiteral value: Int64) { self = .number(value) }
    init(stringLiteral value: String) { self = value.isEmpty ? .nothing : .name(value) }
  }

  static func value(
    _ name: String, _ element: ElementType, _ shape: [Dimension]?
  ) -> Onnx_ValueInfoProto {
    var info = Onnx_ValueInfoProto()
    info.name = name
    info.type.tensorType.elemType = element.onnxCode
    guard let shape else { return info }
    info.type.tensorType.shape = Onnx_TensorShapeProto()
    for dimension in shape {
      var proto = Onnx_TensorShapeProto.Dimension()
      switch dimension {
      case .number(let number): proto.dimValue = number
      case .name(let name): proto.dimParam = name
      case .nothing: break
      }
      info.type.tensorType.shape.dim.append(proto)
    }
    return info
  }

  mutating func input(_ name: String, _ element: ElementType = .float32, _ shape: [Dimension]?) {
    model.graph.input.append(Self.value(name, element, shape))
  }

  mutating func output(_ name: String) {
    var info = Onnx_ValueInfoProto()
    info.name = name
    model.graph.output.append(info)
  }

  static func tensor(_ name: String, _ tensor: HostTensor) -> Onnx_TensorProto {
    var proto = Onnx_TensorProto()
    proto.name = name
    proto.dims = tensor.shape.map(Int64.init)
    proto.dataType = tensor.element.onnxCode
    if case .texts(let texts) = tensor.content {
      proto.stringData = texts.map { Data($0.utf8) }
    } else {
      proto.rawData = Data(tensor.packedBytes)
    }
    return proto
  }

  mutating func initializer(_ name: String, _ tensor: HostTensor) {
    model.graph.initializer.append(Self.tensor(name, tensor))
  }

  static func node(
    _ operation: String, _ inputs: [String], _ outputs: [String],
    _ attributes: [Onnx_AttributeProto] = [], name: String = "", domain: String = ""
  ) -> Onnx_NodeProto {
    var node = Onnx_NodeProto()
    node.opType = operation
    node.domain = domain
    node.name = name
    node.input = inputs
    node.output = outputs
    node.attribute = attributes
    return node
  }

  mutating func node(
    _ operation: String, _ inputs: [String], _ outputs: [String],
    _ attributes: [Onnx_AttributeProto] = [], name: String = "", domain: String = ""
  ) {
    model.graph.node.append(
      Self.node(operation, inputs, outputs, attributes, name: name, domain: domain))
  }

  func serialized() throws -> [UInt8] { try Self.serialized(model) }

  static func serialized(_ model: Onnx_ModelProto) throws -> [UInt8] {
    try model.serializedBytes()
  }

  /// Imports the serialized form, so that payloads are referenced as in a file.
  func graph() throws -> Graph {
    let bytes = try ByteRange(copying: serialized())
    return try ONNXImporter.run(ModelFile(bytes)).graph
  }

  /// What the import reports.
  func failure() -> String {
    do {
      _ = try graph()
      return "no error"
    } catch { return "\(error)" }
  }
}

extension Onnx_AttributeProto {
  private static func make(
    _ name: String, _ type: AttributeType, _ fill: (inout Onnx_AttributeProto) -> Void
  ) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = type
    fill(&attribute)
    return attribute
  }

  static func int(_ name: String, _ value: Int) -> Self { make(name, .int) { $0.i = Int64(value) } }
  static func ints(_ name: String, _ values: [Int]) -> Self {
    make(name, .ints) { $0.ints = values.map(Int64.init) }
  }
  static func float(_ name: String, _ value: Float) -> Self { make(name, .float) { $0.f = value } }
  static func floats(_ name: String, _ values: [Float]) -> Self {
    make(name, .floats) { $0.floats = values }
  }
  static func string(_ name: String, _ value: String) -> Self {
    make(name, .string) { $0.s = Data(value.utf8) }
  }
  static func strings(_ name: String, _ values: [String]) -> Self {
    make(name, .strings) { $0.strings = values.map { Data($0.utf8) } }
  }
  static func tensor(_ name: String, _ value: HostTensor) -> Self {
    make(name, .tensor) { $0.t = ModelBuilder.tensor("", value) }
  }
  /// A reference to an attribute of the enclosing function.
  static func reference(_ name: String, to other: String, _ type: AttributeType) -> Self {
    make(name, type) { $0.refAttrName = other }
  }
}

extension HostTensor {
  static func floats(_ values: [Double], _ shape: [Int]? = nil) throws -> HostTensor {
    try HostTensor(.float32, shape: shape ?? [values.count], .real(values))
  }

  static func longs(_ values: [Int64], _ shape: [Int]? = nil) throws -> HostTensor {
    try HostTensor(.int64, shape: shape ?? [values.count], .signed(values))
  }

  static func flags(_ values: [Bool]) throws -> HostTensor {
    try HostTensor(.bool, shape: [values.count], .boolean(values))
  }
}

/// Imports a model of one node at an opset and evaluates it. `nil` leaves an operand out; `unranked`
/// hides the shapes from the importer.
func run(
  _ operation: String, opset: Int, _ inputs: [HostTensor?],
  _ attributes: [Onnx_AttributeProto] = [], constants: Set<Int> = [], outputs: Int = 1,
  domain: String = "", unranked: Bool = false
) throws -> [HostTensor] {
  var builder = ModelBuilder(opset: opset)
  if !domain.isEmpty { builder.model.opsetImport.append(ModelBuilder.opset(domain, 1)) }
  var names: [String] = []
  var operands: [HostTensor] = []
  for (index, tensor) in inputs.enumerated() {
    guard let tensor else {
      names.append("")
      continue
    }
    names.append("x\(index)")
    if constants.contains(index) {
      builder.initializer("x\(index)", tensor)
    } else {
      let shape = tensor.shape.map { ModelBuilder.Dimension.number(Int64($0)) }
      builder.input("x\(index)", tensor.element, unranked ? nil : shape)
      operands.append(tensor)
    }
  }
  let results = (0..<outputs).map { "y\($0)" }
  builder.node(operation, names, results, attributes, domain: domain)
  for result in results { builder.output(result) }
  return try ReferenceEvaluator(builder.graph()).run(operands)
}

/// The only result of a one-node model as numbers.
func reals(
  _ operation: String, opset: Int, _ inputs: [HostTensor?],
  _ attributes: [Onnx_AttributeProto] = [], constants: Set<Int> = []
) throws -> [Double] {
  try run(operation, opset: opset, inputs, attributes, constants: constants)[0].reals()
}

/// Whether two lists agree to single precision.
func close(_ left: [Double], _ right: [Double], _ tolerance: Double = 1e-5) -> Bool {
  left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) <= tolerance }
}
