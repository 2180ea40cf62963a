internal import ApusONNXSchema

/// Visits every tensor of a model: initializers, attributes, and those of bodies and functions.
enum TensorWalk {
  typealias Visit = (inout Onnx_TensorProto) throws(ImportError) -> Void

  static func run(_ model: inout Onnx_ModelProto, _ visit: Visit) throws(ImportError) {
    try graph(&model.graph, visit)
    for index in model.functions.indices {
      try nodes(&model.functions[index].node, visit)
      try attributes(&model.functions[index].attributeProto, visit)
    }
    for index in model.trainingInfo.indices {
      if model.trainingInfo[index].hasInitialization {
        try graph(&model.trainingInfo[index].initialization, visit)
      }
      if model.trainingInfo[index].hasAlgorithm {
        try graph(&model.trainingInfo[index].algorithm, visit)
      }
    }
  }

  private static func graph(
    _ graph: inout Onnx_GraphProto, _ visit: Visit
  ) throws(ImportError) {
    for index in graph.initializer.indices { try visit(&graph.initializer[index]) }
    for index in graph.sparseInitializer.indices {
      try sparse(&graph.sparseInitializer[index], visit)
    }
    try nodes(&graph.node, visit)
  }

  private static func nodes(
    _ nodes: inout [Onnx_NodeProto], _ visit: Visit
  ) throws(ImportError) {
    for index in nodes.indices where nodes[index].attribute.contains(where: \.holdsTensors) {
      try attributes(&nodes[index].attribute, visit)
    }
  }

  private static func attributes(
    _ list: inout [Onnx_AttributeProto], _ visit: Visit
  ) throws(ImportError) {
    for index in list.indices where list[index].holdsTensors {
      if list[index].hasT { try visit(&list[index].t) }
      if list[index].hasG { try graph(&list[index].g, visit) }
      if list[index].hasSparseTensor { try sparse(&list[index].sparseTensor, visit) }
      for place in list[index].tensors.indices { try visit(&list[index].tensors[place]) }
      for place in list[index].graphs.indices { try graph(&list[index].graphs[place], visit) }
      for place in list[index].sparseTensors.indices {
        try sparse(&list[index].sparseTensors[place], visit)
      }
    }
  }

  private static func sparse(
    _ tensor: inout Onnx_SparseTensorProto, _ visit: Visit
  ) throws(ImportError) {
    if tensor.hasValues { try visit(&tensor.values) }
    if tensor.hasIndices { try visit(&tensor.indices) }
  }
}

extension Onnx_AttributeProto {
  fileprivate var holdsTensors: Bool {
    hasT || hasG || hasSparseTensor || !tensors.isEmpty || !graphs.isEmpty
      || !sparseTensors.isEmpty
  }
}
