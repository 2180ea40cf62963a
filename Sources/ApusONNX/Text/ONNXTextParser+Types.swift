internal import ApusONNXSchema
internal import ApusTensor

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Types, described values and the elements of tensors.
extension ONNXTextParser {
  /// ONNX's names of element types.
  static let elements: [String: Int32] = [
    "float": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7,
    "string": 8, "bool": 9, "float16": 10, "double": 11, "uint32": 12, "uint64": 13,
    "complex64": 14, "complex128": 15, "bfloat16": 16, "float8e4m3fn": 17, "float8e4m3fnuz": 18,
    "float8e5m2": 19, "float8e5m2fnuz": 20, "uint4": 21, "int4": 22, "float4e2m1": 23,
    "float8e8m0": 24, "uint2": 25, "int2": 26, "float6e2m3": 27, "float6e3m2": 28,
  ]

  private static let containers: Set<String> = [
    "seq", "map", "optional", "sparse_tensor", "opaque",
  ]

  /// Whether a type stands here.
  var isAtType: Bool {
    mutating get {
      let word = lexer.peekIdentifier()
      return Self.elements[word] != nil || Self.containers.contains(word)
    }
  }

  /// `type? name`
  mutating func valueInfo() throws(ONNXTextError) -> Onnx_ValueInfoProto {
    var info = Onnx_ValueInfoProto()
    if isAtType { info.type = try type() }
    info.name = try lexer.name()
    return info
  }

  private mutating func element() throws(ONNXTextError) -> Int32 {
    let word = try lexer.identifier()
    guard let code = Self.elements[word] else {
      throw lexer.error("'\(word)' is no element type")
    }
    return code
  }

  mutating func type() throws(ONNXTextError) -> Onnx_TypeProto {
    try nested { (self) throws(ONNXTextError) in
      var type = Onnx_TypeProto()
      let word = self.lexer.peekIdentifier()
      guard Self.containers.contains(word) else {
        type.tensorType.elemType = try self.element()
        if let shape = try self.shape() { type.tensorType.shape = shape }
        return type
      }
      _ = self.lexer.optionalIdentifier()
      try self.lexer.expect("(")
      switch word {
      case "seq": type.sequenceType.elemType = try self.type()
      case "optional": type.optionalType.elemType = try self.type()
      case "map":
        type.mapType.keyType = try self.element()
        try self.lexer.expect(",")
        type.mapType.valueType = try self.type()
      case "sparse_tensor":
        type.sparseTensorType.elemType = try self.element()
        if let shape = try self.shape() { type.sparseTensorType.shape = shape }
      default: type.opaqueType = try self.opaque()
      }
      try self.lexer.expect(")")
      return type
    }
  }

  private mutating func opaque() throws(ONNXTextError) -> Onnx_TypeProto.Opaque {
    var opaque = Onnx_TypeProto.Opaque()
    guard lexer.peek() != ")" else { return opaque }
    var path = [try lexer.identifier()]
    while lexer.take(".") { path.append(try lexer.identifier()) }
    let first = path.joined(separator: ".")
    if lexer.take(",") {
      opaque.domain = first
      opaque.name = try lexer.identifier()
    } else {
      opaque.name = first
    }
    return opaque
  }

  /// No brackets mean a scalar, empty ones an unknown rank.
  private mutating func shape() throws(ONNXTextError) -> Onnx_TensorShapeProto? {
    var shape = Onnx_TensorShapeProto()
    guard lexer.take("[") else { return shape }
    if lexer.take("]") { return nil }
    try list { (self) throws(ONNXTextError) in
      var dimension = Onnx_TensorShapeProto.Dimension()
      if self.lexer.take("?") {
        // An unknown extent has neither number nor name.
      } else if self.lexer.peek() == "\"" || !self.lexer.peekIdentifier().isEmpty {
        dimension.dimParam = try self.lexer.name()
      } else {
        dimension.dimValue = try self.lexer.signed()
      }
      shape.dim.append(dimension)
    }
    try lexer.expect("]")
    return shape
  }

  /// The elements of a tensor of a type, between braces, or where they lie outside, in brackets.
  mutating func tensor(of type: Onnx_TypeProto) throws(ONNXTextError) -> Onnx_TensorProto {
    guard case .tensorType(let described) = type.value, described.hasShape else {
      throw lexer.error("a constant needs a tensor type with a shape")
    }
    var tensor = Onnx_TensorProto()
    tensor.dataType = described.elemType
    for dimension in described.shape.dim {
      guard case .dimValue(let extent) = dimension.value else {
        throw lexer.error("a constant's shape needs numbers")
      }
      tensor.dims.append(extent)
    }
    if lexer.peek() == "[" {
      tensor.dataLocation = .external
      tensor.externalData = try pairs()
      return tensor
    }
    try list("{", "}") { (self) throws(ONNXTextError) in
      switch described.elemType {
      case 1, 14: tensor.floatData.append(try self.single())
      case 11, 15: tensor.doubleData.append(try self.lexer.real())
      case 7: tensor.int64Data.append(try self.lexer.signed())
      case 12, 13: tensor.uint64Data.append(try self.lexer.unsigned())
      case 8: tensor.stringData.append(Data(try self.lexer.text().utf8))
      default:
        guard let value = Int32(exactly: try self.lexer.signed()) else {
          throw self.lexer.error("expected a 32-bit integer")
        }
        tensor.int32Data.append(value)
      }
    }
    return tensor
  }

  private mutating func single() throws(ONNXTextError) -> Float {
    switch try lexer.literal() {
    case .integer(let digits), .real(let digits): return try Self.single(digits, lexer)
    case .text: throw lexer.error("expected a number, found a text")
    }
  }
}
