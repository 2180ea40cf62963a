internal import ApusONNXSchema
internal import ApusTensor

/// Types of graph inputs.
enum ValueTypes {
  static func value(
    _ info: Onnx_ValueInfoProto, symbols: inout SymbolNames
  ) throws(ImportError) -> ValueType {
    guard info.hasType else { throw .invalid("the input has no type", .tensor(info.name)) }
    var fresh = symbols
    let type = try value(info.type, of: info.name) { dimension, axis throws(ImportError) in
      try fresh.extent(dimension, of: info.name, axis: axis)
    }
    symbols = fresh
    return type
  }

  /// A type that stands in an attribute; dimensions without a number are unknown.
  static func value(
    _ type: Onnx_TypeProto, of name: String
  ) throws(ImportError) -> ValueType {
    try value(type, of: name) { dimension, _ in
      if case .dimValue(let number) = dimension.value, let extent = Int(exactly: number),
        extent >= 0
      {
        return .fixed(extent)
      }
      return .unknown
    }
  }

  private typealias Dimension = Onnx_TensorShapeProto.Dimension

  private static func value(
    _ type: Onnx_TypeProto, of name: String, depth: Int = ValueType.nestingLimit,
    _ extent: (Dimension, Int) throws(ImportError) -> Extent
  ) throws(ImportError) -> ValueType {
    guard depth > 0 else { throw .unsupported("types nested this deeply", .tensor(name)) }
    switch type.value {
    case .tensorType(let tensor):
      return .tensor(
        try self.tensor(
          tensor.elemType, tensor.hasShape ? tensor.shape.dim : nil, of: name, extent))
    case .sparseTensorType(let tensor):
      return .tensor(
        try self.tensor(
          tensor.elemType, tensor.hasShape ? tensor.shape.dim : nil, of: name, extent))
    case .sequenceType(let sequence):
      return .sequence(try value(sequence.elemType, of: name, depth: depth - 1, extent))
    case .optionalType(let optional):
      return .optional(try value(optional.elemType, of: name, depth: depth - 1, extent))
    case .mapType(let map):
      let key = try element(map.keyType, of: name)
      guard key.isInteger || key == .string else {
        throw .invalid("its keys are \(key.name)", .tensor(name))
      }
      return .map(key: key, value: try value(map.valueType, of: name, depth: depth - 1, extent))
    case .opaqueType: throw .unsupported("opaque values", .tensor(name))
    case nil: throw .invalid("it has no type", .tensor(name))
    }
  }

  private static func tensor(
    _ code: Int32, _ dimensions: [Dimension]?, of name: String,
    _ extent: (Dimension, Int) throws(ImportError) -> Extent
  ) throws(ImportError) -> TensorType {
    let element = try element(code, of: name)
    guard let dimensions else { return TensorType(element, .unranked) }
    var extents: [Extent] = []
    for (axis, dimension) in dimensions.enumerated() {
      extents.append(try extent(dimension, axis))
    }
    return TensorType(element, .ranked(extents))
  }

  private static func element(_ code: Int32, of name: String) throws(ImportError) -> ElementType {
    if let element = ElementType(onnx: code) { return element }
    throw .invalid("its element type is \(ElementType.onnxName(code))", .tensor(name))
  }
}

/// Names of symbolic extents: those the model gives, and fresh ones for nameless dimensions.
struct SymbolNames {
  private var taken: Set<String> = []

  init(_ graph: Onnx_GraphProto) {
    for input in graph.input {
      collect(input.type, depth: ValueType.nestingLimit)
    }
  }

  private mutating func collect(_ type: Onnx_TypeProto, depth: Int) {
    guard depth > 0 else { return }
    switch type.value {
    case .tensorType(let tensor): collect(tensor.shape)
    case .sparseTensorType(let tensor): collect(tensor.shape)
    case .sequenceType(let sequence): collect(sequence.elemType, depth: depth - 1)
    case .optionalType(let optional): collect(optional.elemType, depth: depth - 1)
    case .mapType(let map): collect(map.valueType, depth: depth - 1)
    case .opaqueType, nil: break
    }
  }

  private mutating func collect(_ shape: Onnx_TensorShapeProto) {
    for dimension in shape.dim {
      if case .dimParam(let name)? = dimension.value {
        taken.formUnion(Extent(dimensionName: name).symbols)
      }
    }
  }

  mutating func extent(
    _ dimension: Onnx_TensorShapeProto.Dimension, of input: String, axis: Int
  ) throws(ImportError) -> Extent {
    switch dimension.value {
    case .dimValue(let number) where number >= 0:
      guard let extent = Int(exactly: number) else {
        throw .invalid("extent \(number) of axis \(axis) is too large", .tensor(input))
      }
      return .fixed(extent)
    case .dimParam(let name) where !name.isEmpty:
      let extent = Extent(dimensionName: name)
      // Exporters write "?" for a dimension without a name.
      return extent.dependsOnData ? .symbol(fresh(input, axis)) : extent
    default: return .symbol(fresh(input, axis))
    }
  }

  /// A plain identifier that tells which dimension it stands for.
  private mutating func fresh(_ input: String, _ axis: Int) -> String {
    let letters = input.unicodeScalars.map { scalar in
      scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
        ? Character(scalar) : "_"
    }
    var base = String(letters) + "_dim\(axis)"
    if base.first?.isNumber == true { base = "_" + base }
    var name = base
    var suffix = 1
    while !taken.insert(name).inserted {
      name = "\(base)_\(suffix)"
      suffix += 1
    }
    return name
  }
}
