internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// What a model tells about the types of its values: what it declares, else what follows from its
/// operators.
struct ValueDescriptions {
  private var declared: [String: Onnx_ValueInfoProto] = [:]
  private let survey: PartialImport

  init(_ editor: ModelEditor) {
    let graph = editor.model.graph
    for tensor in graph.initializer { declared[tensor.name] = Self.info(of: tensor) }
    for info in graph.valueInfo + graph.output + graph.input where info.hasType {
      declared[info.name] = info
    }
    survey = PartialImport(editor.file, options: editor.options, overridable: true)
  }

  static func info(of tensor: Onnx_TensorProto) -> Onnx_ValueInfoProto {
    var info = Onnx_ValueInfoProto()
    info.name = tensor.name
    info.type.tensorType.elemType = tensor.dataType
    info.type.tensorType.shape = Onnx_TensorShapeProto()
    for extent in tensor.dims {
      var dimension = Onnx_TensorShapeProto.Dimension()
      dimension.dimValue = extent
      info.type.tensorType.shape.dim.append(dimension)
    }
    return info
  }

  /// The declaration of a value; what the specification leaves open is filled in. Inputs need an
  /// element type, outputs may do without a type.
  func info(
    _ item: ValueSpecification, needsElement: Bool
  ) throws(ImportError) -> Onnx_ValueInfoProto {
    var info = Onnx_ValueInfoProto()
    if let found = declared[item.name] { info = found } else { info.name = item.name }
    if !info.hasType, let fact = survey.fact(item.name), fact.valueType.isTensor {
      info.type.tensorType.elemType = fact.element.onnxCode
    }
    let fact = survey.fact(item.name)
    if case .tensorType(let tensor)? = info.type.value, !tensor.hasShape,
      let extents = fact?.type.extents, fact?.valueType.isTensor == true
    {
      info.type.tensorType.shape = Self.shape(extents.map(Self.dimension))
    }
    if let element = item.element { info.type.tensorType.elemType = element.onnxCode }
    if let shape = item.shape { info.type.tensorType.shape = Self.shape(shape) }
    guard needsElement else { return info }
    if info.hasType {
      guard case .tensorType(let tensor)? = info.type.value, tensor.elemType == 0 else {
        return info
      }
    }
    throw .invalid(
      "the element type of '\(item.name)' does not follow from the model; give it, as "
        + "\(item.name):auto:float32")
  }

  static func dimension(_ extent: Extent) -> ValueSpecification.Dimension {
    if let number = extent.fixed { return .number(number) }
    return extent.dependsOnData || extent.isOverflow ? .unknown : .symbol(extent.description)
  }

  static func shape(_ dimensions: [ValueSpecification.Dimension]) -> Onnx_TensorShapeProto {
    var shape = Onnx_TensorShapeProto()
    for item in dimensions {
      var dimension = Onnx_TensorShapeProto.Dimension()
      switch item {
      case .number(let number): dimension.dimValue = Int64(number)
      case .symbol(let name): dimension.dimParam = name
      case .unknown: break
      }
      shape.dim.append(dimension)
    }
    return shape
  }
}
