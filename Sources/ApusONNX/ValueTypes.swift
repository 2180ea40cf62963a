internal import ApusONNXSchema
internal import ApusTensor

/// Types of graph inputs.
enum ValueTypes {
  static func tensor(
    _ info: Onnx_ValueInfoProto, symbols: inout SymbolNames
  ) throws(ImportError) -> TensorType {
    switch info.type.value {
    case .tensorType(let type):
      guard let element = ElementType(onnx: type.elemType) else {
        let name = ElementType.onnxName(type.elemType)
        if (27...28).contains(type.elemType) {
          throw .unsupported("elements of type \(name)", .tensor(info.name))
        }
        throw .invalid("its element type is \(name)", .tensor(info.name))
      }
      guard type.hasShape else { return TensorType(element, .unranked) }
      var extents: [Extent] = []
      for (axis, dimension) in type.shape.dim.enumerated() {
        extents.append(try symbols.extent(dimension, of: info.name, axis: axis))
      }
      return TensorType(element, .ranked(extents))
    case .sequenceType: throw .unsupported("inputs that are sequences", .tensor(info.name))
    case .optionalType: throw .unsupported("optional inputs", .tensor(info.name))
    case .mapType: throw .unsupported("inputs that are maps", .tensor(info.name))
    case .sparseTensorType: throw .unsupported("sparse inputs", .tensor(info.name))
    case .opaqueType: throw .unsupported("opaque inputs", .tensor(info.name))
    case nil: throw .invalid("the input has no type", .tensor(info.name))
    }
  }
}

/// Names of symbolic extents: those the model gives, and fresh ones for nameless dimensions.
struct SymbolNames {
  private var taken: Set<String> = []

  init(_ graph: Onnx_GraphProto) {
    for input in graph.input {
      guard case .tensorType(let type)? = input.type.value else { continue }
      for dimension in type.shape.dim {
        if case .dimParam(let name)? = dimension.value {
          taken.formUnion(Extent(dimensionName: name).symbols)
        }
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
