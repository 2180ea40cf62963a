internal import ApusONNXSchema
internal import ApusTensor
internal import SwiftProtobuf

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A model to be changed as what it is in its file: names, metadata, operator sets, functions and all
/// that an edit does not touch stay as they are. Weights stay mapped; `ModelWriter` puts them back.
///
/// Each edit is an extension in a file of its own.
package struct ModelEditor: Sendable {
  var model: Onnx_ModelProto
  var tensors: TensorDecoder

  /// How edits import the model, or parts of it.
  let options: ImportOptions

  package init(_ file: ModelFile, options: ImportOptions = ImportOptions()) {
    self.options = options
    model = file.proto
    tensors = file.tensors
  }

  /// The model as it stands, to be imported.
  package var file: ModelFile { ModelFile(model, tensors) }

  package var nodeCount: Int { model.graph.node.count }
  package var initializerCount: Int {
    model.graph.initializer.count + model.graph.sparseInitializer.count
  }
  /// Names of the inputs that a caller gives: initializers are not among them.
  package var inputNames: [String] {
    let constants = constantNames
    return model.graph.input.map(\.name).filter { !constants.contains($0) }
  }
  package var outputNames: [String] { model.graph.output.map(\.name) }

  /// Names of all initializers.
  var initializerNames: Set<String> {
    Set(model.graph.initializer.map(\.name) + model.graph.sparseInitializer.map(\.values.name))
  }

  /// Names of the initializers that no caller can replace: from IR version 4 on those that are not
  /// listed among the inputs as well.
  var constantNames: Set<String> {
    let names = initializerNames
    guard model.irVersion >= 4 else { return names }
    return names.subtracting(model.graph.input.map(\.name))
  }

  /// A message for a tensor that an edit brings.
  mutating func message(_ tensor: HostTensor, name: String) -> Onnx_TensorProto {
    var proto = Onnx_TensorProto()
    proto.name = name
    proto.dims = tensor.shape.map(Int64.init)
    proto.dataType = tensor.element.onnxCode
    if case .texts(let texts) = tensor.content {
      proto.stringData = texts.map { Data($0.utf8) }
      return proto
    }
    switch tensors.rawData {
    case .inline: proto.rawData = Data(tensor.packedBytes)
    case .references:
      proto.rawData = Data(PayloadReference.added(tensors.added.count).bytes)
      tensors.added.append(tensor)
    }
    return proto
  }

  /// A name that no value of the main graph has.
  func freshName(_ base: String) -> String {
    let taken = valueNames
    var name = base
    var suffix = 1
    while taken.contains(name) {
      name = "\(base)_\(suffix)"
      suffix += 1
    }
    return name
  }

  /// Names of all values of the main graph.
  var valueNames: Set<String> {
    var names = initializerNames
    names.formUnion(model.graph.input.map(\.name))
    for node in model.graph.node { names.formUnion(node.output) }
    names.remove("")
    return names
  }
}
