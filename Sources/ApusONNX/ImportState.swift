internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// What one import shares between graph, nodes and function bodies.
final class ImportState {
  struct FunctionKey: Hashable {
    var domain: String
    var name: String
    var overload: String
  }

  var graph: Graph
  let tensors: TensorDecoder
  let options: ImportOptions
  let functions: [FunctionKey: Onnx_FunctionProto]
  private var nodeCount = 0
  private var weightNames: Set<String> = []

  init(_ file: ModelFile, options: ImportOptions) throws(ImportError) {
    graph = Graph(name: file.proto.graph.name)
    tensors = file.tensors
    self.options = options
    var functions: [FunctionKey: Onnx_FunctionProto] = [:]
    for function in file.proto.functions {
      let key = FunctionKey(
        domain: ONNXImporter.normalize(domain: function.domain), name: function.name,
        overload: function.overload)
      guard functions.updateValue(function, forKey: key) == nil else {
        throw .invalid("function '\(function.name)' of domain '\(function.domain)' exists twice")
      }
    }
    self.functions = functions
  }

  /// Counts a node against the limit of the expanded graph.
  func countNode() throws(ImportError) {
    nodeCount += 1
    guard nodeCount <= options.nodeLimit else {
      throw .unsupported("more than \(options.nodeLimit) nodes after expansion of functions")
    }
  }

  /// Adds a constant under a name that no other has.
  func addWeight(_ name: String, _ tensor: HostTensor) -> ValueID {
    var unique = name
    var suffix = 1
    while !weightNames.insert(unique).inserted {
      unique = "\(name).\(suffix)"
      suffix += 1
    }
    return graph.addWeight(unique, tensor)
  }
}

/// The names that a graph or function body sees.
struct Scope {
  /// nil stands for an optional operand that the caller left out.
  var values: [String: ValueID?] = [:]
  var opsets: [String: Int]
  /// The attributes of a function call, by the function's names for them.
  var attributes: [String: Onnx_AttributeProto] = [:]
  /// Prefix of node and value names in function bodies.
  var prefix = ""
  var functions: [ImportState.FunctionKey] = []

  init(opsets: [String: Int]) { self.opsets = opsets }

  mutating func define(_ name: String, _ value: ValueID?) throws(ImportError) {
    guard values.updateValue(value, forKey: name) == nil else {
      throw .invalid("the value '\(name)' is defined twice", .output(name))
    }
  }
}
