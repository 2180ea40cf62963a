internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

extension ModelEditor {
  /// Gives inputs other shapes. What the model declares about values in between is taken away, since
  /// it may not hold any more, and outputs are declared anew as far as their types follow.
  package mutating func overrideInputShapes(
    _ items: [ValueSpecification]
  ) throws(ImportError) {
    let inputs = inputNames
    for item in items {
      guard inputs.contains(item.name) else {
        throw .invalid(
          "the model has no input '\(item.name)'; its inputs are \(inputs.joined(separator: ", "))")
      }
      try declare(item)
    }
    model.graph.valueInfo = []
    let survey = PartialImport(file, options: options, overridable: true)
    for index in model.graph.output.indices {
      guard case .tensorType? = model.graph.output[index].type.value else { continue }
      let fact = survey.fact(model.graph.output[index].name)
      if let fact, fact.valueType.isTensor, let extents = fact.type.extents {
        model.graph.output[index].type.tensorType.shape = ValueDescriptions.shape(
          extents.map(ValueDescriptions.dimension))
      } else {
        model.graph.output[index].type.tensorType.clearShape()
      }
    }
  }

  /// Declares shapes, and element types where given, of inputs, outputs and values in between.
  package mutating func setShapes(_ items: [ValueSpecification]) throws(ImportError) {
    for item in items { try declare(item) }
  }

  private mutating func declare(_ item: ValueSpecification) throws(ImportError) {
    func change(_ list: inout [Onnx_ValueInfoProto]) throws(ImportError) -> Bool {
      guard let index = list.firstIndex(where: { $0.name == item.name }) else { return false }
      switch list[index].type.value {
      case .tensorType, nil: break
      default: throw .invalid("it is no tensor", .tensor(item.name))
      }
      if let shape = item.shape {
        list[index].type.tensorType.shape = ValueDescriptions.shape(shape)
      }
      if let element = item.element { list[index].type.tensorType.elemType = element.onnxCode }
      return true
    }
    var isDeclared = try change(&model.graph.input)
    isDeclared = try change(&model.graph.output) || isDeclared
    isDeclared = try change(&model.graph.valueInfo) || isDeclared
    if isDeclared { return }
    let known = valueNames
    guard known.contains(item.name) else { throw unknownValue(item.name, known) }
    guard !initializerNames.contains(item.name) else {
      throw .invalid("it is an initializer, whose shape its data gives", .tensor(item.name))
    }
    let info = try ValueDescriptions(self).info(item, needsElement: true)
    model.graph.valueInfo.append(info)
  }
}
